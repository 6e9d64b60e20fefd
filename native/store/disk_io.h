// Device access for the store: aligned memory, counted requests, and awaitable single and batched
// operations.
#pragma once

#include <sys/uio.h>

#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/status.h"
#include "io/disk.h"
#include "store/store.h"

namespace cairn::store {

/// Memory for direct I/O: aligned to 4096, not initialised, given back at destruction.
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(size_t bytes);
  [[nodiscard]] std::byte* data() const { return memory_.get(); }
  [[nodiscard]] size_t size() const { return size_; }
  [[nodiscard]] std::span<std::byte> span() const { return {memory_.get(), size_}; }

 private:
  struct Free {
    void operator()(std::byte* memory) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
  size_t size_ = 0;
};

/// Counts and forwards.
class DiskIo {
 public:
  DiskIo(io::Disk& disk, StoreStats& stats) : disk_(disk), stats_(stats) {}
  void submit(io::DiskRequest& request);
  [[nodiscard]] io::Disk& disk() { return disk_; }
  [[nodiscard]] bool cache_is_volatile() const { return disk_.cache_is_volatile(); }

 private:
  io::Disk& disk_;
  StoreStats& stats_;
};

/// One awaitable operation: `DiskOp op(io); Status s = co_await op.read(offset, memory);`.
class DiskOp {
 public:
  explicit DiskOp(DiskIo& io) : io_(io) {}
  DiskOp(const DiskOp&) = delete;
  DiskOp& operator=(const DiskOp&) = delete;

  DiskOp& read(uint64_t offset_bytes, std::span<std::byte> memory);
  DiskOp& write(uint64_t offset_bytes, std::span<std::byte> memory, bool durable);
  DiskOp& flush();
  DiskOp& discard(uint64_t offset_bytes, uint64_t length_bytes);

  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<> caller);
  Status await_resume() { return std::move(request_.status); }

 private:
  DiskIo& io_;
  io::DiskRequest request_;
  iovec buffer_{};
  std::coroutine_handle<> caller_;
};

/// Many independent operations, at most `kInFlightMax` under way; awaiting it runs all and gives
/// the first failure. Each operation's own status stays readable by its index until `clear`.
class DiskBatch {
 public:
  static constexpr uint32_t kInFlightMax = 64;

  explicit DiskBatch(DiskIo& io) : io_(io) {}
  DiskBatch(const DiskBatch&) = delete;
  DiskBatch& operator=(const DiskBatch&) = delete;

  void clear();
  void add(io::DiskRequest::Kind kind, uint64_t offset_bytes, std::byte* memory, size_t bytes);
  /// Adds memory to the last operation, if it has room for another buffer and `memory` continues it
  /// on the device.
  [[nodiscard]] bool extend(uint64_t offset_bytes, std::byte* memory, size_t bytes);
  [[nodiscard]] size_t size() const { return requests_.size(); }
  [[nodiscard]] const Status& status(size_t index) const { return requests_[index].status; }

  bool await_ready() const noexcept { return requests_.empty(); }
  void await_suspend(std::coroutine_handle<> caller);
  Status await_resume() const;

 private:
  void pump();
  static void on_done(io::DiskRequest& request);

  DiskIo& io_;
  std::vector<io::DiskRequest> requests_;
  std::vector<iovec> buffers_;
  std::vector<size_t> first_buffer_;
  uint64_t end_offset_ = 0;
  size_t submitted_ = 0;
  size_t completed_ = 0;
  std::coroutine_handle<> caller_;
};

}  // namespace cairn::store
