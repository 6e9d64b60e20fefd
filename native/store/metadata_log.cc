#include "store/metadata_log.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

using format::kBlockBytes;

namespace {

constexpr uint32_t kBatchBytesMax = 256u << 10;
constexpr uint32_t kSegmentHeaderBytes = sizeof(format::SegmentHeaderDisk);

}  // namespace

uint32_t MetadataLog::segments_needed(size_t records) const {
  const uint64_t usable = state_.geometry.segment_bytes - 2 * uint64_t{kBlockBytes};
  return static_cast<uint32_t>(records * format::kCrecBytesMax / usable) + 1;
}

void MetadataLog::begin_batch() {
  if (batch_.size() == 0) {
    batch_ = AlignedBuffer(std::min(kBatchBytesMax, state_.geometry.segment_bytes));
  }
  batch_used_ = 0;
  const auto& open = state_.segments[state_.segments.open_segment()];
  if (open.used_bytes > 0) return;
  format::encode_segment_header(state_.segments.open_segment(), open.sequence,
                                state_.journal_identity, batch_.span().first(kSegmentHeaderBytes));
  batch_used_ = kSegmentHeaderBytes;
  open_records_ = 0;
  open_crc_ = 0;
  open_known_ = true;
}

Flow MetadataLog::write_batch() {
  const auto bytes = static_cast<uint32_t>(format::round_up(batch_used_, kBlockBytes));
  if (bytes == 0) co_return Status();
  const auto& open = state_.segments[state_.segments.open_segment()];
  const uint64_t offset = state_.geometry.metadata_offset +
                          uint64_t{state_.segments.open_segment()} * state_.geometry.segment_bytes +
                          open.used_bytes;
  std::memset(batch_.data() + batch_used_, 0, bytes - batch_used_);
  state_.segments.use(bytes);
  state_.stats.metadata_bytes += bytes;
  batch_used_ = 0;
  DiskOp op(state_.disk);
  op.write(offset, batch_.span().first(bytes), false);
  const Status status = co_await op;
  if (!status.ok()) state_.fail(status, "metadata write");
  co_return status;
}

Flow MetadataLog::close_segment() {
  const uint32_t segment = state_.segments.open_segment();
  const auto& open = state_.segments[segment];
  if (state_.segments.free_segments() == 0) {
    co_return Status(ErrorKind::no_space, "no free metadata segment");
  }
  if (footer_.size() == 0) footer_ = AlignedBuffer(kBlockBytes);
  const format::SegmentFooter footer{open.sequence, open_known_ ? open_records_ : kRecordsUnknown,
                                     open.used_bytes, open_known_ ? open_crc_ : 0};
  format::encode_segment_footer(segment, footer, state_.journal_identity, footer_.span());
  const uint64_t end =
      state_.geometry.metadata_offset + (uint64_t{segment} + 1) * state_.geometry.segment_bytes;
  DiskOp op(state_.disk);
  op.write(end - kBlockBytes, footer_.span(), false);
  const Status status = co_await op;
  if (!status.ok()) {
    state_.fail(status, "metadata write");
    co_return status;
  }
  state_.segments.roll();
  co_return Status();
}

Flow MetadataLog::append(std::vector<CrecWrite>& writes) {
  begin_batch();
  for (CrecWrite& write : writes) {
    const uint32_t length = format::encoded_crec_bytes(*write.record);
    const uint32_t needed =
        static_cast<uint32_t>(format::round_up(uint64_t{batch_used_} + length, kBlockBytes));
    if (needed > state_.segments.open_room() || needed > batch_.size()) {
      Status status = co_await write_batch();
      if (!status.ok()) co_return status;
      const uint32_t alone = static_cast<uint32_t>(format::round_up(length, kBlockBytes));
      if (alone > state_.segments.open_room()) {
        status = co_await close_segment();
        if (!status.ok()) co_return status;
      }
      begin_batch();
    }
    const auto& open = state_.segments[state_.segments.open_segment()];
    const uint64_t offset =
        uint64_t{state_.segments.open_segment()} * state_.geometry.segment_bytes + open.used_bytes +
        batch_used_;
    format::encode_crec(*write.record, batch_.span().subspan(batch_used_));
    write.offset_units = static_cast<uint32_t>(offset / 8);
    write.length_units = static_cast<uint16_t>(length / 8);
    ++open_records_;
    open_crc_ = crc32c_extend(open_crc_, batch_.span().subspan(batch_used_ + 8, 4));
    batch_used_ += length;
  }
  const Status status = co_await write_batch();
  co_return status;
}

void MetadataLog::collect(uint32_t segment, std::vector<Live>& live) {
  const auto& info = state_.segments[segment];
  const auto bytes = scan_.span().first(info.used_bytes);
  const uint64_t base = uint64_t{segment} * state_.geometry.segment_bytes;
  uint64_t found_bytes = 0;
  for (uint32_t at = kSegmentHeaderBytes; at + sizeof(format::CrecDisk) <= bytes.size();) {
    Live item;
    uint32_t length = 0;
    const Status status =
        format::decode_crec(bytes.subspan(at), state_.geometry.pages_count, item.record, length);
    if (!status.ok()) {
      at = static_cast<uint32_t>(format::round_up(uint64_t{at} + 1, kBlockBytes));
      continue;
    }
    ChunkEntry* entry = state_.index.find(item.record.volume, item.record.chunk);
    if (entry != nullptr && entry->has_crec() && uint64_t{entry->offset_units} * 8 == base + at &&
        entry->lsn == item.record.lsn) {
      item.entry = entry;
      found_bytes += length;
      live.push_back(item);
    }
    at += length;
  }
  if (found_bytes != info.live_bytes) state_.segments.mark_damaged(segment);
}

Flow MetadataLog::clean(uint32_t segment) {
  if (scan_.size() == 0) scan_ = AlignedBuffer(state_.geometry.segment_bytes);
  const uint32_t used = state_.segments[segment].used_bytes;
  DiskOp op(state_.disk);
  op.read(state_.geometry.metadata_offset + uint64_t{segment} * state_.geometry.segment_bytes,
          scan_.span().first(used));
  const Status read = co_await op;
  if (!read.ok()) {
    state_.segments.mark_damaged(segment);
    co_return Status();
  }
  std::vector<Live> live;
  collect(segment, live);
  std::vector<CrecWrite> writes;
  for (const Live& item : live) writes.push_back({&item.record, 0, 0});
  const Status status = co_await append(writes);
  if (!status.ok()) co_return status;
  relocate(live, writes);
  state_.segments.settle();
  ++state_.stats.segments_cleaned;
  co_return Status();
}

void MetadataLog::relocate(std::vector<Live>& live, const std::vector<CrecWrite>& writes) {
  for (size_t i = 0; i < live.size(); ++i) {
    ChunkEntry& entry = *live[i].entry;
    CAIRN_ASSERT(entry.lsn == live[i].record.lsn);
    const uint32_t bytes = uint32_t{entry.length_units} * 8;
    state_.segments.remove_live(uint64_t{entry.offset_units} * 8, bytes);
    entry.offset_units = writes[i].offset_units;
    CAIRN_ASSERT(entry.length_units == writes[i].length_units);
    state_.segments.add_live(uint64_t{entry.offset_units} * 8, bytes);
  }
}

}  // namespace cairn::store
