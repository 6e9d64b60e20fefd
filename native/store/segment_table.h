// SegmentTable: the metadata log's segments, what lives in each, and which may be written again. No
// I/O.
//
// A segment that holds no live record is given out again only after two more checkpoints, like a
// freed page: until then a checkpoint slot may still lead into it. Live records are therefore never
// overwritten in place.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "format/checkpoint.h"

namespace cairn::store {

class SegmentTable {
 public:
  enum class State : uint8_t { free, open, closed, releasing };
  struct Segment {
    uint64_t sequence = 0;
    uint32_t live_bytes = 0;
    uint32_t used_bytes = 0;
    State state = State::free;
    /// Checkpoints that must still complete before a releasing segment is free.
    uint8_t checkpoints_left = 0;
    /// Its records cannot all be read: it is never cleaned.
    bool damaged = false;
  };

  void reset(uint32_t count, uint32_t segment_bytes);
  void load(std::span<const format::SegmentEntryDisk> entries, uint32_t open_segment,
            uint32_t open_used, uint64_t next_sequence);

  [[nodiscard]] uint32_t count() const { return static_cast<uint32_t>(segments_.size()); }
  [[nodiscard]] const Segment& operator[](uint32_t index) const { return segments_[index]; }
  [[nodiscard]] uint32_t open_segment() const { return open_; }
  [[nodiscard]] uint32_t free_segments() const { return free_; }
  [[nodiscard]] uint32_t releasing_segments() const { return releasing_; }
  [[nodiscard]] uint64_t next_sequence() const { return next_sequence_; }
  [[nodiscard]] uint64_t live_bytes() const { return live_; }
  /// Bytes that records and padding can still take in the open segment; the last block is for the
  /// footer.
  [[nodiscard]] uint32_t open_room() const;

  void use(uint32_t bytes);
  /// Closes the open segment and opens a free one.
  void roll();
  void add_live(uint64_t offset_bytes, uint32_t bytes);
  void remove_live(uint64_t offset_bytes, uint32_t bytes);
  /// Closed segments without live records begin their release. Called when every record that was
  /// appended is committed: after a load, a destage round, a cleaning, a reaping.
  void settle();
  void mark_damaged(uint32_t index) { segments_[index].damaged = true; }
  /// The closed segment with the least live bytes, or count() if none has garbage.
  [[nodiscard]] uint32_t cleaning_victim() const;
  void on_checkpoint();
  [[nodiscard]] format::SegmentEntryDisk entry(uint32_t index) const;

 private:
  [[nodiscard]] uint32_t find_free() const;
  void begin_release(uint32_t index);

  std::vector<Segment> segments_;
  uint32_t segment_bytes_ = 0;
  uint32_t open_ = 0;
  uint32_t free_ = 0;
  uint32_t releasing_ = 0;
  uint64_t next_sequence_ = 1;
  uint64_t live_ = 0;
  bool may_be_empty_ = false;
};

}  // namespace cairn::store
