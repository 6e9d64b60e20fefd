#include "store/checkpointer.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"

namespace cairn::store {

using format::kBlockBytes;

namespace {

constexpr uint32_t kBufferBytesMax = 256u << 10;

format::CheckpointEntryDisk entry_of(uint64_t volume, uint32_t chunk, const ChunkEntry& entry) {
  format::CheckpointEntryDisk disk{};
  disk.volume = volume;
  disk.version = entry.version;
  disk.lsn = entry.lsn;
  disk.page_map = entry.page_map;
  disk.chunk = chunk;
  disk.birth = entry.birth;
  disk.offset_units = entry.offset_units;
  disk.length_units = entry.length_units;
  disk.flags = entry.full ? format::kEntryFlagFull : 0;
  return disk;
}

}  // namespace

Flow Checkpointer::flush_buffer(bool pad) {
  if (pad) {
    const auto padded = static_cast<uint32_t>(format::round_up(used_, kBlockBytes));
    std::memset(buffer_.data() + used_, 0, padded - used_);
    used_ = padded;
  }
  if (used_ == 0) co_return Status();
  CAIRN_ASSERT(used_ % kBlockBytes == 0);
  const auto bytes = buffer_.span().first(used_);
  body_crc_ = crc32c_extend(body_crc_, bytes);
  DiskOp op(state_.disk);
  op.write(offset_, bytes, false);
  const Status status = co_await op;
  offset_ += used_;
  used_ = 0;
  if (!status.ok()) state_.fail(status, "checkpoint write");
  co_return status;
}

Flow Checkpointer::put(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const size_t part = std::min<size_t>(bytes.size(), buffer_.size() - used_);
    std::memcpy(buffer_.data() + used_, bytes.data(), part);
    used_ += static_cast<uint32_t>(part);
    bytes = bytes.subspan(part);
    if (used_ < buffer_.size()) continue;
    const Status status = co_await flush_buffer(false);
    if (!status.ok()) co_return status;
  }
  co_return Status();
}

Flow Checkpointer::write_entries(uint64_t& count) {
  count = 0;
  for (const uint64_t id : state_.index.volume_ids()) {
    const Volume* volume = state_.index.find_volume(id);
    CAIRN_ASSERT(volume != nullptr);
    for (size_t leaf = 0; leaf < volume->leaves.size(); ++leaf) {
      if (volume->leaves[leaf] == nullptr) continue;
      for (uint32_t i = 0; i < kChunksPerLeaf; ++i) {
        const ChunkEntry& entry = volume->leaves[leaf]->entries[i];
        if (!entry.has_crec()) continue;
        const auto chunk = static_cast<uint32_t>(leaf * kChunksPerLeaf + i);
        const auto disk = entry_of(id, chunk, entry);
        ++count;
        if (buffer_.size() - used_ > sizeof disk) {
          std::memcpy(buffer_.data() + used_, &disk, sizeof disk);
          used_ += static_cast<uint32_t>(sizeof disk);
          continue;
        }
        const Status status = co_await put(std::as_bytes(std::span(&disk, 1)));
        if (!status.ok()) co_return status;
      }
    }
  }
  const Status status = co_await flush_buffer(true);
  co_return status;
}

Flow Checkpointer::write_bitmap() {
  const auto words = std::as_bytes(state_.pages.committed_words());
  const Status status = co_await put(words.first((size_t{state_.geometry.pages_count} + 7) / 8));
  if (!status.ok()) co_return status;
  const Status flushed = co_await flush_buffer(true);
  co_return flushed;
}

Flow Checkpointer::write_segments() {
  for (uint32_t i = 0; i < state_.segments.count(); ++i) {
    const format::SegmentEntryDisk disk = state_.segments.entry(i);
    const Status status = co_await put(std::as_bytes(std::span(&disk, 1)));
    if (!status.ok()) co_return status;
  }
  const Status flushed = co_await flush_buffer(true);
  co_return flushed;
}

Flow Checkpointer::write() {
  if (buffer_.size() == 0) {
    const uint64_t slot = state_.geometry.checkpoint_bytes;
    buffer_ = AlignedBuffer(std::min<uint64_t>(kBufferBytesMax, slot));
    block_ = AlignedBuffer(kBlockBytes);
  }
  const uint32_t slot = 1 - state_.newest_slot;
  const uint64_t slot_offset = state_.geometry.checkpoint_slot_offset(slot);
  const bool is_volatile = state_.disk.cache_is_volatile();
  format::CheckpointHeader header;
  header.sequence = state_.checkpoint_sequence + 1;
  header.replay_lsn = state_.replay_lsn();
  const uint64_t position = state_.ring.position_of(header.replay_lsn);
  header.replay_block = static_cast<uint32_t>(position % state_.ring.blocks());
  header.replay_previous_crc = state_.ring.header_crc_before(header.replay_lsn);
  header.pages_count = state_.geometry.pages_count;
  header.segments_count = state_.segments.count();
  header.open_segment = state_.segments.open_segment();
  header.open_segment_used = state_.segments[header.open_segment].used_bytes;
  header.next_segment_sequence = state_.segments.next_sequence();
  offset_ = slot_offset + kBlockBytes;
  body_crc_ = 0;
  used_ = 0;
  Status status = co_await write_entries(header.entries_count);
  if (status.ok()) status = co_await write_bitmap();
  if (status.ok()) status = co_await write_segments();
  if (!status.ok()) co_return status;
  header.body_crc = body_crc_;
  if (is_volatile) {
    DiskOp flush(state_.disk);
    flush.flush();
    status = co_await flush;
    if (!status.ok()) {
      state_.fail(status, "flush before the checkpoint");
      co_return status;
    }
  }
  format::encode_checkpoint_header(header, state_.journal_identity, block_.span());
  DiskOp op(state_.disk);
  op.write(slot_offset, block_.span(), is_volatile);
  status = co_await op;
  if (!status.ok()) {
    state_.fail(status, "checkpoint write");
    co_return status;
  }
  state_.superblock.checkpoint_slot = slot;
  state_.superblock.checkpoint_sequence = header.sequence;
  state_.superblock.checkpoint_crc = header.header_crc;
  state_.superblock.journal_block_hint = header.replay_block;
  state_.superblock.replay_lsn = header.replay_lsn;
  status = co_await write_superblock(false);
  if (!status.ok()) co_return status;
  state_.newest_slot = slot;
  state_.checkpoint_sequence = header.sequence;
  state_.slot_replay_lsn[slot] = header.replay_lsn;
  ++state_.stats.checkpoints;
  state_.pages.on_checkpoint();
  state_.segments.on_checkpoint();
  state_.ring.release_before(std::min(state_.slot_replay_lsn[0], state_.slot_replay_lsn[1]));
  co_return Status();
}

Flow Checkpointer::write_superblock(bool clean) {
  if (block_.size() == 0) block_ = AlignedBuffer(kBlockBytes);
  ++state_.superblock.sequence;
  state_.superblock.clean = clean;
  state_.superblock.cache_is_volatile = state_.disk.cache_is_volatile();
  format::encode_superblock(state_.superblock, format::SuperblockBytes(block_.data(), kBlockBytes));
  for (const uint64_t offset : format::superblock_offsets(state_.geometry.device_bytes)) {
    DiskOp op(state_.disk);
    op.write(offset, block_.span(), state_.disk.cache_is_volatile());
    const Status status = co_await op;
    if (!status.ok()) {
      state_.fail(status, "superblock write");
      co_return status;
    }
  }
  co_return Status();
}

}  // namespace cairn::store
