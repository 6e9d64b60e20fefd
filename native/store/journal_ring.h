// JournalRing: where groups lie in the ring and what may be overwritten; JournalWindow: recent
// payload in memory. No I/O.
//
// Positions are linear (they never wrap): block = position % blocks. A group never straddles the
// ring's end.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "store/disk_io.h"

namespace cairn::store {

class JournalRing {
 public:
  struct Place {
    uint64_t position = 0;
    uint32_t blocks_max = 0;
  };

  /// The next group will be `next_lsn` at `block` or, if it does not fit there, at block 0.
  void reset(uint32_t blocks, uint64_t next_lsn, uint32_t block, uint32_t last_header_crc);

  /// Where a group of at least `blocks_min` and preferably `blocks_wanted` can be placed; nothing
  /// if the ring is too full.
  [[nodiscard]] std::optional<Place> place(uint32_t blocks_min, uint32_t blocks_wanted) const;
  /// Notes that the group `next_lsn()` lies at `position`.
  void append(uint64_t position, uint32_t blocks, uint32_t header_crc);
  /// Everything before group `lsn` may be overwritten.
  void release_before(uint64_t lsn);

  [[nodiscard]] uint32_t blocks() const { return blocks_; }
  [[nodiscard]] uint64_t next_lsn() const { return next_lsn_; }
  [[nodiscard]] uint64_t tail_lsn() const { return tail_lsn_; }
  [[nodiscard]] uint32_t last_header_crc() const { return last_header_crc_; }
  [[nodiscard]] uint64_t used_blocks() const { return head_ - tail_; }
  [[nodiscard]] uint64_t tail() const { return tail_; }
  [[nodiscard]] uint64_t head() const { return head_; }
  /// The position of a group in the ring or, for `next_lsn()`, the head.
  [[nodiscard]] uint64_t position_of(uint64_t lsn) const;
  /// The header crc of the group before `lsn`.
  [[nodiscard]] uint32_t header_crc_before(uint64_t lsn) const;

 private:
  struct Entry {
    uint64_t position;
    uint32_t header_crc;
  };
  [[nodiscard]] const Entry& entry(uint64_t lsn) const {
    return entries_[lsn & (entries_.size() - 1)];
  }
  void grow();

  uint32_t blocks_ = 0;
  uint64_t head_ = 0;
  uint64_t tail_ = 0;
  uint64_t next_lsn_ = 1;
  uint64_t tail_lsn_ = 1;
  uint32_t last_header_crc_ = 0;
  uint32_t crc_before_tail_ = 0;
  std::vector<Entry> entries_;
};

/// A ring of 4 KiB frames that holds the newest payload; groups are written to the device straight
/// from it.
class JournalWindow {
 public:
  void reset(uint64_t bytes);
  [[nodiscard]] uint64_t next_frame() const { return next_; }
  /// The memory of a frame that is about to be filled.
  [[nodiscard]] std::byte* advance();
  [[nodiscard]] std::byte* memory(uint64_t frame) const {
    return memory_.data() + (frame % frames_) * 4096;
  }
  /// The payload of a frame known by the low half of its number, or nullptr if it was overwritten
  /// since.
  [[nodiscard]] const std::byte* find(uint32_t frame_low) const {
    const uint32_t age = static_cast<uint32_t>(next_) - frame_low;
    return age != 0 && age <= frames_ ? memory_.data() + ((next_ - age) % frames_) * 4096 : nullptr;
  }
  [[nodiscard]] uint64_t frames() const { return frames_; }

 private:
  AlignedBuffer memory_;
  uint64_t frames_ = 1;
  uint64_t next_ = 0;
};

}  // namespace cairn::store
