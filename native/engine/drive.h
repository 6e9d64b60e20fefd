// Drive: one disk and what is done to it as a whole: probing, formatting, serving a store.
//
// Threading: the reactor's thread. Every operation ends by calling its function in a later turn,
// once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/status.h"
#include "io/random.h"
#include "io/uring_disk.h"
#include "io/uring_reactor.h"
#include "store/store.h"

namespace cairn::engine {

using DoneFunction = std::function<void(Status)>;

class Drive {
 public:
  /// Opens and locks the disk; `lock_wait_ms` as in io::UringDiskOptions. Blocks for so long at
  /// most.
  [[nodiscard]] static Result<std::unique_ptr<Drive>> open(io::UringReactor& reactor,
                                                           io::Random& random,
                                                           const io::UringDiskOptions& options);
  ~Drive();
  Drive(const Drive&) = delete;
  Drive& operator=(const Drive&) = delete;

  /// Reads the superblocks; afterwards `identity` tells whose they are. not_found: there is no
  /// store on it.
  void probe(DoneFunction done);
  void format(const store::FormatOptions& options, DoneFunction done);
  /// Recovers and serves. `on_failure` is called if the store fails later.
  void serve(const store::StoreConfig& config, DoneFunction on_failure, DoneFunction done);
  /// Closes the store clean. Nothing may use it any more.
  void close(DoneFunction done);

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] const io::UringDisk& disk() const { return *disk_; }
  [[nodiscard]] const store::StoreIdentity& identity() const { return identity_; }
  /// Only between `serve` and the end of `close`.
  [[nodiscard]] store::Store& store() { return *store_; }

  /// An operation on the whole store is under way: commands are refused.
  [[nodiscard]] bool busy() const { return busy_ || leaving; }
  /// The cluster's number for the store; 0: it is not served to the cluster.
  uint32_t number = 0;
  /// The cluster is letting go of the store, which is closed then.
  bool leaving = false;
  /// Volumes being deleted; the store may not close before.
  uint32_t drops_count = 0;

 private:
  /// One of the store's slow operations with what follows it.
  struct Operation : store::StoreOperation {
    explicit Operation(DoneFunction function) : done(std::move(function)) {}
    DoneFunction done;
  };

  Drive(io::UringReactor& reactor, io::Random& random, std::string path);
  store::StoreOperation& begin(DoneFunction done);

  io::UringReactor& reactor_;
  io::Random& random_;
  std::string path_;
  bool busy_ = false;
  store::StoreIdentity identity_;
  DoneFunction on_failure_;
  /// Before what works on it.
  std::unique_ptr<io::UringDisk> disk_;
  std::unique_ptr<store::Prober> prober_;
  std::unique_ptr<store::Formatter> formatter_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<Operation> operation_;
};

using OpenedFunction = std::function<void(Result<std::unique_ptr<Drive>>)>;

/// Tries to open a drive until its lock is free, for two seconds at most. The thread is not blocked
/// meanwhile: volumes are served.
class DriveOpening final : private io::Timer {
 public:
  /// `options.lock_wait_ms` is the wait of each attempt: 0.
  DriveOpening(io::UringReactor& reactor, io::Random& random, io::UringDiskOptions options)
      : reactor_(reactor), random_(random), options_(std::move(options)) {}

  /// `done` runs once, maybe within the call, and may destroy this.
  void start(OpenedFunction done);

 private:
  void on_timer() override;

  io::UringReactor& reactor_;
  io::Random& random_;
  io::UringDiskOptions options_;
  OpenedFunction done_;
  uint32_t attempts_count_ = 0;
};

}  // namespace cairn::engine
