#include "io/buffer_pool.h"

#include <algorithm>
#include <bit>
#include <cstdlib>

#include "base/assert.h"

namespace cairn::io {

namespace {

constexpr size_t kSmallestBytes = 4096;
constexpr size_t kAlignmentBytes = 4096;

}  // namespace

BufferPool::~BufferPool() {
  CAIRN_ASSERT(taken_bytes_ == 0);
  for (size_t i = 0; i < kClassesCount; i++) {
    while (classes_[i].head != nullptr) release_one(i);
  }
}

size_t BufferPool::class_of(size_t length_bytes) {
  static_assert(kSmallestBytes << (kClassesCount - 1) == kBufferBytesMax);
  CAIRN_ASSERT(length_bytes > 0);
  CAIRN_ASSERT(length_bytes <= kBufferBytesMax);
  const size_t bytes = std::max(length_bytes, kSmallestBytes);
  return static_cast<size_t>(std::bit_width((bytes - 1) / kSmallestBytes));
}

std::byte* BufferPool::take(size_t length_bytes) {
  const size_t index = class_of(length_bytes);
  const size_t bytes = kSmallestBytes << index;
  SizeClass& size_class = classes_[index];
  std::byte* buffer = nullptr;
  if (size_class.head != nullptr) {
    buffer = reinterpret_cast<std::byte*>(size_class.head);
    size_class.head = size_class.head->next;
    size_class.free_count--;
    size_class.free_count_min = std::min(size_class.free_count_min, size_class.free_count);
    cached_bytes_ -= bytes;
  } else {
    buffer = static_cast<std::byte*>(std::aligned_alloc(kAlignmentBytes, bytes));
  }
  if (buffer != nullptr) taken_bytes_ += bytes;
  return buffer;
}

void BufferPool::give(std::byte* buffer, size_t length_bytes) {
  CAIRN_ASSERT(buffer != nullptr);
  const size_t index = class_of(length_bytes);
  const size_t bytes = kSmallestBytes << index;
  CAIRN_ASSERT(taken_bytes_ >= bytes);
  taken_bytes_ -= bytes;
  if (cached_bytes_ + bytes > cached_bytes_max_) {
    std::free(buffer);
    return;
  }
  SizeClass& size_class = classes_[index];
  auto* free_buffer = new (buffer) FreeBuffer{size_class.head};
  size_class.head = free_buffer;
  size_class.free_count++;
  cached_bytes_ += bytes;
}

void BufferPool::release_one(size_t index) {
  SizeClass& size_class = classes_[index];
  FreeBuffer* buffer = size_class.head;
  size_class.head = buffer->next;
  size_class.free_count--;
  cached_bytes_ -= kSmallestBytes << index;
  std::free(buffer);
}

void BufferPool::release_idle() {
  for (size_t i = 0; i < kClassesCount; i++) {
    for (size_t idle = classes_[i].free_count_min; idle > 0; idle--) release_one(i);
    classes_[i].free_count_min = classes_[i].free_count;
  }
}

}  // namespace cairn::io
