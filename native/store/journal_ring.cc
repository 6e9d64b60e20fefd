#include "store/journal_ring.h"

#include <algorithm>

#include "base/assert.h"

namespace cairn::store {

void JournalRing::reset(uint32_t blocks, uint64_t next_lsn, uint32_t block,
                        uint32_t last_header_crc) {
  CAIRN_ASSERT(block <= blocks);
  blocks_ = blocks;
  head_ = tail_ = block;
  next_lsn_ = tail_lsn_ = next_lsn;
  last_header_crc_ = crc_before_tail_ = last_header_crc;
  entries_.assign(64, Entry{});
}

std::optional<JournalRing::Place> JournalRing::place(uint32_t blocks_min,
                                                     uint32_t blocks_wanted) const {
  const uint64_t free = blocks_ - used_blocks();
  const uint64_t to_end = blocks_ - head_ % blocks_;
  const uint64_t here = std::min(free, to_end);
  const uint64_t wrapped = free > to_end ? free - to_end : 0;
  if (here >= blocks_wanted || (here >= wrapped && here >= blocks_min)) {
    return Place{head_, static_cast<uint32_t>(std::min<uint64_t>(here, blocks_wanted))};
  }
  if (wrapped >= blocks_min) {
    return Place{head_ + to_end, static_cast<uint32_t>(std::min<uint64_t>(wrapped, blocks_wanted))};
  }
  if (here >= blocks_min) return Place{head_, static_cast<uint32_t>(here)};
  return std::nullopt;
}

void JournalRing::append(uint64_t position, uint32_t blocks, uint32_t header_crc) {
  CAIRN_ASSERT(position >= head_);
  CAIRN_ASSERT(position % blocks_ + blocks <= blocks_);
  // The blocks skipped before the first group in the ring hold nothing.
  if (next_lsn_ == tail_lsn_) tail_ = position;
  CAIRN_ASSERT(position + blocks - tail_ <= blocks_);
  if (next_lsn_ - tail_lsn_ == entries_.size()) grow();
  entries_[next_lsn_ & (entries_.size() - 1)] = {position, header_crc};
  ++next_lsn_;
  head_ = position + blocks;
  last_header_crc_ = header_crc;
}

void JournalRing::grow() {
  std::vector<Entry> bigger(entries_.size() * 2);
  for (uint64_t lsn = tail_lsn_; lsn < next_lsn_; ++lsn) {
    bigger[lsn & (bigger.size() - 1)] = entry(lsn);
  }
  entries_ = std::move(bigger);
}

uint64_t JournalRing::position_of(uint64_t lsn) const {
  CAIRN_ASSERT(lsn >= tail_lsn_ && lsn <= next_lsn_);
  return lsn == next_lsn_ ? head_ : entry(lsn).position;
}

uint32_t JournalRing::header_crc_before(uint64_t lsn) const {
  CAIRN_ASSERT(lsn >= tail_lsn_ && lsn <= next_lsn_);
  return lsn == tail_lsn_ ? crc_before_tail_ : entry(lsn - 1).header_crc;
}

void JournalRing::release_before(uint64_t lsn) {
  if (lsn <= tail_lsn_) return;
  CAIRN_ASSERT(lsn <= next_lsn_);
  crc_before_tail_ = header_crc_before(lsn);
  tail_ = position_of(lsn);
  tail_lsn_ = lsn;
}

void JournalWindow::reset(uint64_t bytes) {
  CAIRN_ASSERT(bytes >= 4096 && bytes % 4096 == 0);
  memory_ = AlignedBuffer(bytes);
  frames_ = bytes / 4096;
  next_ = 0;
}

std::byte* JournalWindow::advance() { return memory(next_++); }

}  // namespace cairn::store
