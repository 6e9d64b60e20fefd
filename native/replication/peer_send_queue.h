// PeerSendQueue: bytes on their way to a peer, copied in message by message, taken out in large
// pieces.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <deque>
#include <span>

#include "io/buffer_pool.h"

namespace cairn::replication {

/// Unbounded by itself: its owners look at `size_bytes`.
class PeerSendQueue {
 public:
  explicit PeerSendQueue(io::BufferPool& buffers) : buffers_(buffers) {}
  ~PeerSendQueue() { clear(); }
  PeerSendQueue(const PeerSendQueue&) = delete;
  PeerSendQueue& operator=(const PeerSendQueue&) = delete;

  void append(std::span<const std::byte> bytes);
  /// Moves everything in `other` behind what is here.
  void append(PeerSendQueue& other);
  [[nodiscard]] bool empty() const { return size_bytes_ == 0; }
  [[nodiscard]] size_t size_bytes() const { return size_bytes_; }

  /// Points `vectors` at the oldest bytes, which stay where they are until `consume`; returns how
  /// many vectors it needed.
  [[nodiscard]] size_t peek(std::span<iovec> vectors) const;
  /// The oldest `count` bytes have been sent.
  void consume(size_t count);
  void clear();

 private:
  struct Block {
    std::byte* bytes = nullptr;
    size_t begin = 0;
    size_t end = 0;
  };

  void release_first();

  io::BufferPool& buffers_;
  std::deque<Block> blocks_;
  size_t size_bytes_ = 0;
};

}  // namespace cairn::replication
