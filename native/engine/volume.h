// Volume: an attached volume: its device and the NBD server in front of it.
//
// Threading: the reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/status.h"
#include "io/buffer_pool.h"
#include "io/stream.h"
#include "io/uring_reactor.h"
#include "nbd/server.h"
#include "store/store.h"
#include "store/virtual_disk.h"

namespace cairn::engine {

struct VolumeOptions {
  uint64_t id = 0;
  /// Of this attachment.
  uint32_t epoch = 0;
  bool read_only = false;
  /// The one store that holds it; nothing for a volume of a pool.
  std::optional<store::Uuid> store_id;
  nbd::ServerOptions server;
};

/// A disk that the front-end must not write to.
class ReadOnlyDevice final : public io::BlockDevice {
 public:
  explicit ReadOnlyDevice(io::BlockDevice& device) : device_(device) {}
  [[nodiscard]] uint64_t size_bytes() const override { return device_.size_bytes(); }
  [[nodiscard]] bool read_only() const override { return true; }
  void submit(io::BlockRequest& request) override;
  void submit(io::ExtentQuery& query) override { device_.submit(query); }

 private:
  io::BlockDevice& device_;
};

class Volume final : private nbd::ServerHandler {
 public:
  /// Called once, in a turn of its own, when the volume serves nothing any more: `stop` has
  /// finished (ok), or its listener failed. The volume may be destroyed from there.
  using StoppedFunction = std::function<void(const Status&)>;

  /// `disk` outlives the volume.
  Volume(io::UringReactor& reactor, store::VirtualDisk& disk, io::BufferPool& buffers,
         std::unique_ptr<io::Listener> listener, const VolumeOptions& options,
         StoppedFunction on_stopped);
  /// As above, with a disk of its own.
  Volume(io::UringReactor& reactor, std::unique_ptr<store::VirtualDisk> disk,
         io::BufferPool& buffers, std::unique_ptr<io::Listener> listener,
         const VolumeOptions& options, StoppedFunction on_stopped);
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  /// Lets requests under way finish and turns clients away.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] Status resize(uint64_t size_bytes) { return disk_.resize(size_bytes); }

  [[nodiscard]] uint64_t id() const { return options_.id; }
  [[nodiscard]] uint64_t size_bytes() const { return disk_.size_bytes(); }
  [[nodiscard]] const VolumeOptions& options() const { return options_; }
  [[nodiscard]] const nbd::ExportStats& stats() const { return server_.stats(); }

 private:
  void on_server_stopped(const Status& status) override;

  VolumeOptions options_;
  StoppedFunction on_stopped_;
  bool stopping_ = false;
  std::unique_ptr<store::VirtualDisk> own_disk_;
  store::VirtualDisk& disk_;
  ReadOnlyDevice read_only_device_;
  /// After the device it serves.
  nbd::Server server_;
};

}  // namespace cairn::engine
