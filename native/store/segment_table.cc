#include "store/segment_table.h"

#include "base/assert.h"

namespace cairn::store {

void SegmentTable::reset(uint32_t count, uint32_t segment_bytes) {
  segments_.assign(count, Segment{});
  segment_bytes_ = segment_bytes;
  open_ = 0;
  free_ = count;
  releasing_ = 0;
  next_sequence_ = 1;
  live_ = 0;
  segments_[0].state = State::open;
  segments_[0].sequence = next_sequence_++;
  --free_;
}

void SegmentTable::load(std::span<const format::SegmentEntryDisk> entries, uint32_t open_segment,
                        uint32_t open_used, uint64_t next_sequence) {
  CAIRN_ASSERT(entries.size() == segments_.size());
  free_ = 0;
  live_ = 0;
  may_be_empty_ = true;
  for (uint32_t i = 0; i < count(); ++i) {
    Segment& s = segments_[i];
    s = {};
    s.sequence = entries[i].sequence;
    if (i == open_segment) {
      s.state = State::open;
      s.used_bytes = open_used;
    } else if (s.sequence == 0) {
      ++free_;
    } else {
      s.state = State::closed;
      s.used_bytes = entries[i].used_bytes;
    }
  }
  open_ = open_segment;
  next_sequence_ = next_sequence;
}

uint32_t SegmentTable::open_room() const {
  const uint32_t usable = segment_bytes_ - format::kBlockBytes;
  const uint32_t used = segments_[open_].used_bytes;
  return used < usable ? usable - used : 0;
}

void SegmentTable::use(uint32_t bytes) {
  CAIRN_ASSERT(bytes <= open_room());
  CAIRN_ASSERT(bytes % format::kBlockBytes == 0);
  segments_[open_].used_bytes += bytes;
}

uint32_t SegmentTable::find_free() const {
  for (uint32_t step = 1; step <= count(); ++step) {
    const uint32_t index = (open_ + step) % count();
    if (segments_[index].state == State::free) return index;
  }
  return count();
}

void SegmentTable::roll() {
  const uint32_t next = find_free();
  CAIRN_ASSERT(next < count());
  const uint32_t closed = open_;
  segments_[closed].state = State::closed;
  open_ = next;
  --free_;
  segments_[open_] = {};
  segments_[open_].state = State::open;
  segments_[open_].sequence = next_sequence_++;
  // Records written a moment ago count as live only when they are committed: `settle` decides
  // later.
  may_be_empty_ = true;
}

void SegmentTable::begin_release(uint32_t index) {
  CAIRN_ASSERT(segments_[index].state == State::closed);
  segments_[index].state = State::releasing;
  segments_[index].checkpoints_left = 2;
  ++releasing_;
}

void SegmentTable::add_live(uint64_t offset_bytes, uint32_t bytes) {
  Segment& s = segments_[static_cast<uint32_t>(offset_bytes / segment_bytes_)];
  CAIRN_ASSERT(s.state == State::open || s.state == State::closed);
  s.live_bytes += bytes;
  live_ += bytes;
}

void SegmentTable::remove_live(uint64_t offset_bytes, uint32_t bytes) {
  const auto index = static_cast<uint32_t>(offset_bytes / segment_bytes_);
  Segment& s = segments_[index];
  CAIRN_ASSERT(s.live_bytes >= bytes);
  s.live_bytes -= bytes;
  live_ -= bytes;
  may_be_empty_ = may_be_empty_ || s.live_bytes == 0;
}

void SegmentTable::settle() {
  if (!may_be_empty_) return;
  may_be_empty_ = false;
  for (uint32_t i = 0; i < count(); ++i) {
    if (segments_[i].state == State::closed && segments_[i].live_bytes == 0) begin_release(i);
  }
}

uint32_t SegmentTable::cleaning_victim() const {
  uint32_t best = count();
  for (uint32_t i = 0; i < count(); ++i) {
    const Segment& s = segments_[i];
    if (s.state != State::closed || s.damaged) continue;
    if (s.live_bytes + format::kBlockBytes > segment_bytes_ - format::kBlockBytes) continue;
    if (best == count() || s.live_bytes < segments_[best].live_bytes) best = i;
  }
  return best;
}

void SegmentTable::on_checkpoint() {
  for (Segment& s : segments_) {
    if (s.state != State::releasing || --s.checkpoints_left > 0) continue;
    s = {};
    --releasing_;
    ++free_;
  }
}

format::SegmentEntryDisk SegmentTable::entry(uint32_t index) const {
  const Segment& s = segments_[index];
  const bool empty = s.state == State::free || s.state == State::releasing;
  return {empty ? 0 : s.sequence, empty ? 0 : s.live_bytes, empty ? 0 : s.used_bytes};
}

}  // namespace cairn::store
