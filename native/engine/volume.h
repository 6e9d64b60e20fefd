// Volume: an attached volume: its local device and the NBD server in front of it.
//
// Threading: the reactor's thread.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/buffer_pool.h"
#include "io/stream.h"
#include "io/uring_reactor.h"
#include "nbd/server.h"
#include "store/store.h"
#include "store/virtual_disk.h"

namespace cairn::engine {

struct VolumeOptions {
  store::VirtualDiskConfig device;
  store::Uuid store_id{};
  nbd::ServerOptions server;
};

class Volume final : private nbd::ServerHandler {
 public:
  /// Called once, in a turn of its own, when the volume serves nothing any more: `stop` has
  /// finished (ok), or its listener failed. The volume may be destroyed from there.
  using StoppedFunction = std::function<void(const Status&)>;

  Volume(io::UringReactor& reactor, store::Store& store, nbd::BufferPool& buffers,
         std::unique_ptr<io::Listener> listener, const VolumeOptions& options,
         StoppedFunction on_stopped);
  Volume(const Volume&) = delete;
  Volume& operator=(const Volume&) = delete;

  /// Lets requests under way finish and turns clients away.
  void stop();
  [[nodiscard]] bool stopping() const { return stopping_; }
  [[nodiscard]] Status resize(uint64_t size_bytes) { return device_.resize(size_bytes); }

  [[nodiscard]] uint64_t id() const { return options_.device.volume; }
  [[nodiscard]] uint64_t size_bytes() const { return device_.size_bytes(); }
  [[nodiscard]] const VolumeOptions& options() const { return options_; }
  [[nodiscard]] const nbd::ExportStats& stats() const { return server_.stats(); }

 private:
  void on_server_stopped(const Status& status) override;

  VolumeOptions options_;
  StoppedFunction on_stopped_;
  bool stopping_ = false;
  store::VirtualDisk device_;
  /// After the device it serves.
  nbd::Server server_;
};

}  // namespace cairn::engine
