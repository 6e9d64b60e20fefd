#include "store/journal_scanner.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

using format::kBlockBytes;

namespace {

constexpr uint32_t kBufferBlocksMax = (2u << 20) / kBlockBytes;
/// The proof that a group was durable is at most two groups further; the ring's end may be skipped
/// before the first.
constexpr uint32_t kLookAheadBlocks =
    3 * (format::kGroupBlocksMax / 2 + format::kGroupHeaderBlocksMax) + 8;

}  // namespace

JournalScanner::JournalScanner(DiskIo& io, const format::Geometry& geometry,
                               const format::JournalIdentity& identity)
    : io_(io), geometry_(geometry), identity_(identity) {
  const uint32_t blocks = std::min(geometry.journal_blocks(), kBufferBlocksMax);
  buffer_ = AlignedBuffer(size_t{blocks} * kBlockBytes);
}

void JournalScanner::start(uint64_t lsn, uint32_t block, uint32_t previous_crc) {
  next_lsn_ = lsn;
  next_block_ = block;
  previous_crc_ = previous_crc;
  buffered_count_ = 0;
}

Flow JournalScanner::fetch(uint32_t block, uint32_t count) {
  const uint32_t ring = geometry_.journal_blocks();
  CAIRN_ASSERT(block < ring && count <= ring - block);
  if (block >= buffered_block_ && block + count <= buffered_block_ + buffered_count_) {
    co_return Status();
  }
  const auto capacity = static_cast<uint32_t>(buffer_.size() / kBlockBytes);
  CAIRN_ASSERT(count <= capacity);
  const uint32_t blocks = std::min(capacity, ring - block);
  DiskOp op(io_);
  op.read(geometry_.journal_offset + uint64_t{block} * kBlockBytes,
          buffer_.span().first(size_t{blocks} * kBlockBytes));
  Status status = co_await op;
  if (status.ok()) {
    buffered_block_ = block;
    buffered_count_ = blocks;
    co_return Status();
  }
  // One bad sector must not hide its neighbours: read block by block, and leave zeroes where the
  // device cannot.
  const uint32_t single = std::max(count, std::min(blocks, kLookAheadBlocks));
  for (uint32_t i = 0; i < single; ++i) {
    const auto memory = buffer_.span().subspan(size_t{i} * kBlockBytes, kBlockBytes);
    DiskOp one(io_);
    one.read(geometry_.journal_offset + uint64_t{block + i} * kBlockBytes, memory);
    status = co_await one;
    if (!status.ok()) std::ranges::fill(memory, std::byte{0});
  }
  buffered_block_ = block;
  buffered_count_ = single;
  co_return Status();
}

std::span<const std::byte> JournalScanner::at(uint32_t block) const {
  CAIRN_ASSERT(block >= buffered_block_ && block < buffered_block_ + buffered_count_);
  return std::span<const std::byte>(buffer_.span())
      .first(size_t{buffered_count_} * kBlockBytes)
      .subspan(size_t{block - buffered_block_} * kBlockBytes);
}

Flow JournalScanner::try_group(uint32_t block, bool& found) {
  found = false;
  const uint32_t ring = geometry_.journal_blocks();
  const uint32_t header = std::min(format::kGroupHeaderBlocksMax, ring - block);
  Status status = co_await fetch(block, header);
  if (!status.ok()) co_return status;
  const Status decoded = format::decode_group(at(block), identity_, block, ring, group_);
  if (!decoded.ok() || group_.fields.lsn != next_lsn_) co_return Status();
  const bool chained = after_rot_ ? group_.header_crc == trusted_successor_crc_
                                  : group_.fields.previous_header_crc == previous_crc_;
  if (!chained) co_return Status();
  status = co_await fetch(block, group_.total_blocks);
  found = status.ok();
  co_return status;
}

bool JournalScanner::check_payload() {
  bool whole = true;
  payload_good_.assign(group_.fields.payload_blocks, 1);
  const auto payload = at(block_).subspan(size_t{group_.header_blocks} * kBlockBytes);
  for (const format::Record& record : group_.records) {
    const bool carried = record.type == format::RecordType::write_small;
    for (uint32_t i = 0; carried && i < record.sectors_count; ++i) {
      const size_t index = size_t{record.payload_block} + i;
      const auto bytes = payload.subspan(index * kBlockBytes, kBlockBytes);
      if (crc32c(bytes) == record.sector_crcs[i]) continue;
      payload_good_[index] = 0;
      whole = false;
    }
  }
  return whole;
}

Flow JournalScanner::look_ahead(std::vector<Candidate>& found) {
  const uint32_t ring = geometry_.journal_blocks();
  const uint32_t steps = std::min(ring, kLookAheadBlocks);
  format::Group group;
  for (uint32_t step = 0; step < steps; ++step) {
    const uint32_t block = (next_block_ + step) % ring;
    const Status status =
        co_await fetch(block, std::min(format::kGroupHeaderBlocksMax, ring - block));
    if (!status.ok()) co_return status;
    if (!format::looks_like_group(at(block), identity_, block)) continue;
    if (!format::decode_group(at(block), identity_, block, ring, group).ok()) continue;
    if (group.fields.lsn <= next_lsn_ || group.fields.lsn > next_lsn_ + ring) continue;
    found.push_back({group.fields.lsn, group.fields.durable_lsn, block,
                     group.fields.previous_header_crc, group.header_crc, group.digests});
  }
  co_return Status();
}

const JournalScanner::Candidate* JournalScanner::evidence(
    const std::vector<Candidate>& found) const {
  for (const Candidate& c : found) {
    if (c.durable_lsn >= next_lsn_) return &c;
  }
  return nullptr;
}

const JournalScanner::Candidate* JournalScanner::successor(const std::vector<Candidate>& found,
                                                           const Candidate& evidence) const {
  const Candidate* at = &evidence;
  while (at->lsn > next_lsn_ + 1) {
    const auto before = std::ranges::find_if(found, [at](const Candidate& c) {
      return c.lsn + 1 == at->lsn && c.header_crc == at->previous_crc;
    });
    if (before == found.end()) return nullptr;
    at = &*before;
  }
  return at;
}

Flow JournalScanner::try_places(std::vector<Damaged>& damaged, bool& whole) {
  // A torn group of an earlier life may stand at one place while its replacement, being of another
  // size, went to the other: a whole group wins.
  const uint32_t places[2] = {next_block_, 0};
  whole = false;
  for (uint32_t i = 0; i < 2 && !whole; ++i) {
    if (i == 1 && next_block_ == 0) break;
    bool found = false;
    const Status status = co_await try_group(places[i], found);
    if (!status.ok()) co_return status;
    if (!found) continue;
    block_ = places[i];
    whole = check_payload();
    if (!whole) damaged.push_back({block_, group_.header_crc});
  }
  co_return Status();
}

void JournalScanner::accept_group() {
  finding_ = Finding::group;
  after_rot_ = false;
  previous_crc_ = group_.header_crc;
  next_lsn_ = lsn_ + 1;
  next_block_ = block_ + group_.total_blocks;
}

Flow JournalScanner::next() {
  if (next_block_ >= geometry_.journal_blocks()) next_block_ = 0;
  block_ = next_block_;
  lsn_ = next_lsn_;
  torn_ = false;
  std::vector<Damaged> damaged;
  bool whole = false;
  Status status = co_await try_places(damaged, whole);
  if (!status.ok()) co_return status;
  if (whole) {
    accept_group();
    co_return Status();
  }
  std::vector<Candidate> later;
  status = co_await look_ahead(later);
  if (!status.ok()) co_return status;
  const Candidate* proof = evidence(later);
  if (proof == nullptr) {
    finding_ = Finding::end;
    torn_ = !damaged.empty();
    co_return Status();
  }
  const Candidate* after = successor(later, *proof);
  if (after == nullptr) {
    co_return Status(ErrorKind::corrupt, "rot in the journal that cannot be localised");
  }
  for (const Damaged& candidate : damaged) {
    // Only the group that its successor names is the one that was durable; its header tells which
    // sectors are damaged.
    if (candidate.header_crc != after->previous_crc) continue;
    bool found = false;
    status = co_await try_group(candidate.block, found);
    if (!status.ok()) co_return status;
    if (!found) continue;
    block_ = candidate.block;
    (void)check_payload();
    accept_group();
    co_return Status();
  }
  finding_ = Finding::rotten;
  block_ = next_block_;
  lost_ = after->digests;
  after_rot_ = true;
  trusted_successor_crc_ = after->header_crc;
  next_lsn_ = lsn_ + 1;
  next_block_ = after->block;
  co_return Status();
}

}  // namespace cairn::store
