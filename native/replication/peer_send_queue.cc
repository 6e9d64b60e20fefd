#include "replication/peer_send_queue.h"

#include <algorithm>
#include <cstring>

#include "base/assert.h"

namespace cairn::replication {

namespace {

/// 64 vectors of it make 16 MiB a write; a message of the largest size takes five.
constexpr size_t kBlockBytes = 256 << 10;

}  // namespace

void PeerSendQueue::append(std::span<const std::byte> bytes) {
  size_bytes_ += bytes.size();
  while (!bytes.empty()) {
    if (blocks_.empty() || blocks_.back().end == kBlockBytes) {
      std::byte* memory = buffers_.take(kBlockBytes);
      // A node that has no memory for this is better restarted than half alive.
      CAIRN_ASSERT(memory != nullptr);
      blocks_.push_back({.bytes = memory});
    }
    Block& block = blocks_.back();
    const size_t count = std::min(bytes.size(), kBlockBytes - block.end);
    std::memcpy(block.bytes + block.end, bytes.data(), count);
    block.end += count;
    bytes = bytes.subspan(count);
  }
}

void PeerSendQueue::append(PeerSendQueue& other) {
  CAIRN_ASSERT(&buffers_ == &other.buffers_);
  blocks_.insert(blocks_.end(), other.blocks_.begin(), other.blocks_.end());
  size_bytes_ += other.size_bytes_;
  other.blocks_.clear();
  other.size_bytes_ = 0;
}

size_t PeerSendQueue::peek(std::span<iovec> vectors) const {
  const size_t count = std::min(vectors.size(), blocks_.size());
  for (size_t i = 0; i < count; ++i) {
    const Block& block = blocks_[i];
    vectors[i] = {block.bytes + block.begin, block.end - block.begin};
  }
  return count;
}

void PeerSendQueue::consume(size_t count) {
  CAIRN_ASSERT(count <= size_bytes_);
  size_bytes_ -= count;
  while (count > 0) {
    Block& block = blocks_.front();
    const size_t taken = std::min(count, block.end - block.begin);
    block.begin += taken;
    count -= taken;
    if (block.begin == block.end) release_first();
  }
}

void PeerSendQueue::clear() {
  while (!blocks_.empty()) release_first();
  size_bytes_ = 0;
}

void PeerSendQueue::release_first() {
  buffers_.give(blocks_.front().bytes, kBlockBytes);
  blocks_.pop_front();
}

}  // namespace cairn::replication
