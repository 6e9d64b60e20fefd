// Checkpointer: makes the index durable, so that the journal before it may go. Used only by the
// maintenance flow, which changes neither the index's record locations nor the committed pages
// while a checkpoint is written.
//
// Order: body, flush (with it every page and chunk record that the body names), header, superblock
// copies. Whatever the previous checkpoint of the same slot named becomes reusable only then.
#pragma once

#include <cstdint>

#include "store/flow.h"
#include "store/store_state.h"

namespace cairn::store {

class Checkpointer {
 public:
  explicit Checkpointer(StoreState& state) : state_(state) {}

  Flow write();
  /// Writes the superblock with the next sequence number, copy after copy.
  Flow write_superblock(bool clean);

 private:
  /// Streams the body through one buffer, keeping its crc.
  Flow put(std::span<const std::byte> bytes);
  Flow flush_buffer(bool pad);
  Flow write_entries(uint64_t& count);
  Flow write_bitmap();
  Flow write_segments();

  StoreState& state_;
  AlignedBuffer buffer_;
  AlignedBuffer block_;
  uint32_t used_ = 0;
  uint32_t body_crc_ = 0;
  uint64_t offset_ = 0;
};

}  // namespace cairn::store
