// UringDisk: a block device or a plain file, opened direct and exclusively, driven through a
// UringReactor.
//
// The lock is what makes a restart safe: the kernel keeps a killed process's open file, and with it
// the lock, until that process's last write has ended. Whoever holds the lock therefore never races
// with writes of a predecessor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/disk.h"
#include "io/uring_reactor.h"

namespace cairn::io {

struct UringDiskOptions {
  std::string path;
  bool read_only = false;
  /// Requests in the kernel at a time; further ones wait their turn in order of submission.
  uint32_t queue_depth = 256;
  /// How long `open` waits for a predecessor to let go of the drive. Blocks the caller.
  uint32_t lock_wait_ms = 2000;
};

/// Threading: `open` and all else on the thread of the reactor. Destroyed when none of its requests
/// is under way.
class UringDisk final : public Disk {
 public:
  /// Fails with busy when another process uses the drive, unsupported when the file system has no
  /// direct I/O, invalid_argument for anything but a regular file or a block device, not_found, or
  /// io_error.
  [[nodiscard]] static Result<std::unique_ptr<UringDisk>> open(UringReactor& reactor,
                                                               const UringDiskOptions& options);
  ~UringDisk();
  UringDisk(const UringDisk&) = delete;
  UringDisk& operator=(const UringDisk&) = delete;

  [[nodiscard]] uint64_t size_bytes() const override { return size_bytes_; }
  [[nodiscard]] bool cache_is_volatile() const override { return cache_is_volatile_; }
  [[nodiscard]] bool is_block_device() const { return is_block_device_; }
  [[nodiscard]] bool read_only() const { return read_only_; }
  void submit(DiskRequest& request) override;

 private:
  class Operation;
  class Finisher;
  class Discarder;

  explicit UringDisk(UringReactor& reactor);
  Status open_file(const UringDiskOptions& options);
  Status lock_file(const UringDiskOptions& options);
  [[nodiscard]] bool syncs_after(const DiskRequest& request) const;
  void check(const DiskRequest& request) const;
  void start(DiskRequest& request);
  void start_next();
  void finish(DiskRequest& request, int32_t result);
  void discard_elsewhere(DiskRequest& request);

  UringReactor& reactor_;
  std::string path_;
  int fd_ = -1;
  int slot_ = -1;
  uint64_t size_bytes_ = 0;
  bool is_block_device_ = false;
  bool cache_is_volatile_ = true;
  bool read_only_ = false;
  /// The drive cannot discard, or it is a file whose space was set aside and must stay so.
  bool discards_nothing_ = false;

  std::unique_ptr<Operation[]> operations_;
  Operation* operations_free_ = nullptr;
  uint32_t requests_under_way_ = 0;
  DiskRequest* waiting_head_ = nullptr;
  DiskRequest* waiting_tail_ = nullptr;
  std::unique_ptr<Finisher> finisher_;
  /// Last: its thread ends before the rest goes.
  std::unique_ptr<Discarder> discarder_;
};

}  // namespace cairn::io
