// BufferPool: page-aligned memory for the data of requests, in sizes of powers of two from 4 KiB to
// 32 MiB.
//
// Nothing is allocated before the first request needs it. Returned buffers are kept for the next
// request, up to a limit in bytes; `release_idle`, called now and then, gives back what the time
// since its last call did not need, so that an idle engine holds no data memory. The pool belongs
// to one thread. How much can be taken is bounded by its users, each by its bytes in flight.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace cairn::io {

/// The largest buffer that can be taken.
inline constexpr size_t kBufferBytesMax = 32 << 20;

class BufferPool {
 public:
  explicit BufferPool(size_t cached_bytes_max) : cached_bytes_max_(cached_bytes_max) {}
  ~BufferPool();
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  /// A buffer of at least `length_bytes` (1 to 32 MiB), aligned to 4096, or nullptr if the system
  /// has no memory.
  [[nodiscard]] std::byte* take(size_t length_bytes);
  /// Returns a buffer that was taken for `length_bytes`.
  void give(std::byte* buffer, size_t length_bytes);
  void release_idle();

  [[nodiscard]] size_t taken_bytes() const { return taken_bytes_; }
  [[nodiscard]] size_t cached_bytes() const { return cached_bytes_; }

 private:
  static constexpr size_t kClassesCount = 14;  // 4 KiB << 13 = 32 MiB

  struct FreeBuffer {
    FreeBuffer* next;
  };
  struct SizeClass {
    FreeBuffer* head = nullptr;
    size_t free_count = 0;
    /// The smallest free_count since the last release_idle: so many buffers nobody needed.
    size_t free_count_min = 0;
  };

  static size_t class_of(size_t length_bytes);
  void release_one(size_t index);

  std::array<SizeClass, kClassesCount> classes_{};
  size_t cached_bytes_max_;
  size_t cached_bytes_ = 0;
  size_t taken_bytes_ = 0;
};

}  // namespace cairn::io
