#include "store/recovery.h"

#include <algorithm>

#include "base/assert.h"
#include "base/crc32c.h"
#include "store/changes.h"
#include "store/superblock_io.h"

namespace cairn::store {

using format::kBlockBytes;
using format::RecordType;

namespace {

constexpr size_t kBodyReadBytes = size_t{1} << 20;

uint64_t low_half(const Uuid& uuid) {
  uint64_t value = 0;
  std::memcpy(&value, uuid.data(), sizeof value);
  return value;
}

}  // namespace

Flow Recovery::load_superblock() {
  FoundSuperblock found;
  const Status read = co_await read_superblocks(state_.disk, found);
  if (!read.ok()) co_return read;
  if (!found.chosen.ok()) co_return found.chosen.status();
  state_.superblock = found.chosen.value();
  state_.geometry = state_.superblock.geometry;
  state_.identity = identity_of(state_.superblock);
  if (state_.geometry.device_bytes > state_.disk.disk().size_bytes()) {
    co_return Status(ErrorKind::corrupt, "the drive is smaller than when it was formatted");
  }
  const StoreConfig& config = state_.config;
  if (config.expected_store != Uuid{} && config.expected_store != state_.identity.store) {
    co_return Status(ErrorKind::wrong_identity, "another store is on this drive");
  }
  if (config.expected_incarnation != 0 &&
      config.expected_incarnation != state_.identity.incarnation) {
    co_return Status(ErrorKind::wrong_identity, "the store was formatted again");
  }
  state_.superblock.sequence = found.sequence_max;
  state_.journal_identity = {low_half(state_.identity.store),
                             static_cast<uint32_t>(state_.identity.incarnation)};
  co_return Status();
}

Flow Recovery::read_body(uint32_t slot, const format::CheckpointHeader& header, bool& good) {
  good = false;
  const uint64_t bytes = format::shape_of(header).body_bytes();
  body_ = AlignedBuffer(bytes);
  uint32_t crc = 0;
  for (uint64_t at = 0; at < bytes; at += kBodyReadBytes) {
    const auto part = body_.span().subspan(at, std::min<uint64_t>(kBodyReadBytes, bytes - at));
    DiskOp op(state_.disk);
    op.read(state_.geometry.checkpoint_slot_offset(slot) + kBlockBytes + at, part);
    const Status status = co_await op;
    if (!status.ok()) co_return Status();
    crc = crc32c_extend(crc, part);
  }
  good = crc == header.body_crc;
  co_return Status();
}

Flow Recovery::load_checkpoint() {
  AlignedBuffer block(kBlockBytes);
  const Status unread(ErrorKind::corrupt, "checkpoint not readable");
  Result<format::CheckpointHeader> headers[2] = {unread, unread};
  for (uint32_t slot = 0; slot < 2; ++slot) {
    DiskOp op(state_.disk);
    op.read(state_.geometry.checkpoint_slot_offset(slot), block.span());
    const Status status = co_await op;
    if (!status.ok()) continue;
    headers[slot] =
        format::decode_checkpoint_header(block.span(), state_.journal_identity, state_.geometry);
  }
  const bool second_first =
      headers[1].ok() &&
      (!headers[0].ok() || headers[1].value().sequence > headers[0].value().sequence);
  for (uint32_t i = 0; i < 2; ++i) {
    const uint32_t slot = second_first ? 1 - i : i;
    if (!headers[slot].ok()) continue;
    const format::CheckpointHeader& header = headers[slot].value();
    // Anything older than the one before the named one may lead into reused pages and segments.
    if (header.sequence + 1 < state_.superblock.checkpoint_sequence) continue;
    bool good = false;
    const Status read = co_await read_body(slot, header, good);
    if (!read.ok()) co_return read;
    if (!good) continue;
    const Status installed = install(header);
    if (!installed.ok()) co_return installed;
    state_.newest_slot = slot;
    state_.slot_replay_lsn[0] = state_.slot_replay_lsn[1] = header.replay_lsn;
    state_.checkpoint_sequence = header.sequence;
    body_ = {};
    co_return Status();
  }
  co_return Status(ErrorKind::corrupt, "no valid checkpoint");
}

Status Recovery::install_entries(std::span<const std::byte> bytes, uint64_t count) {
  for (uint64_t i = 0; i < count; ++i) {
    const auto disk =
        format::load<format::CheckpointEntryDisk>(bytes, i * sizeof(format::CheckpointEntryDisk));
    CAIRN_RETURN_IF_ERROR(format::check_entry(disk, state_.geometry));
    if (disk.chunk >= kChunksPerVolumeMax) return {ErrorKind::corrupt, "checkpoint chunk"};
    Volume& volume = state_.index.find_or_make_volume(disk.volume);
    ChunkEntry& entry = volume.find_or_make(disk.chunk);
    if (entry.exists()) return {ErrorKind::corrupt, "checkpoint names a chunk twice"};
    entry.version = disk.version;
    entry.lsn = disk.lsn;
    entry.page_map = disk.page_map;
    entry.birth = disk.birth;
    entry.offset_units = disk.offset_units;
    entry.length_units = disk.length_units;
    entry.full = (disk.flags & format::kEntryFlagFull) != 0;
    ++state_.index.chunks;
    ++volume.chunks;
    volume.pages += static_cast<uint64_t>(std::popcount(disk.page_map));
    state_.segments.add_live(uint64_t{disk.offset_units} * 8, uint32_t{disk.length_units} * 8);
  }
  return {};
}

Status Recovery::install(const format::CheckpointHeader& header) {
  const auto shape = format::shape_of(header);
  const auto body = std::span<const std::byte>(body_.span());
  const auto bitmap = body.subspan(shape.entries_bytes, shape.bitmap_bytes);
  const auto table = body.subspan(shape.entries_bytes + shape.bitmap_bytes);
  state_.pages.reset(state_.geometry.pages_count, state_.geometry.reserved_page());
  state_.pages.remember_discards(false);
  state_.pages.load_committed(
      {reinterpret_cast<const uint64_t*>(bitmap.data()), bitmap.size() / 8});
  state_.segments.reset(header.segments_count, state_.geometry.segment_bytes);
  state_.segments.load(
      {reinterpret_cast<const format::SegmentEntryDisk*>(table.data()), header.segments_count},
      header.open_segment, header.open_segment_used, header.next_segment_sequence);
  CAIRN_RETURN_IF_ERROR(install_entries(body, header.entries_count));
  state_.segments.settle();
  state_.pages.remember_discards(state_.config.discard);
  state_.ring.reset(state_.geometry.journal_blocks(), header.replay_lsn, header.replay_block,
                    header.replay_previous_crc);
  return {};
}

Flow Recovery::run() {
  Status status = co_await load_superblock();
  if (status.ok()) status = co_await load_checkpoint();
  if (status.ok()) status = co_await replay();
  if (!status.ok()) co_return status;
  claim_pages();
  state_.durable_lsn = state_.ring.next_lsn() - 1;
  co_return Status();
}

Flow Recovery::replay() {
  JournalScanner scan(state_.disk, state_.geometry, state_.journal_identity);
  const uint32_t ring = state_.ring.blocks();
  scan.start(state_.ring.next_lsn(), static_cast<uint32_t>(state_.ring.head() % ring),
             state_.ring.last_header_crc());
  while (true) {
    const Status status = co_await scan.next();
    if (!status.ok()) co_return status;
    if (scan.finding() == JournalScanner::Finding::end) break;
    ++state_.stats.recovered_groups;
    const uint64_t head = state_.ring.head();
    const uint64_t to_block = (scan.block() + ring - head % ring) % ring;
    const uint64_t position = head + to_block;
    const bool is_group = scan.finding() == JournalScanner::Finding::group;
    const uint32_t blocks = is_group ? scan.group().total_blocks : 1;
    const bool first = state_.ring.next_lsn() == state_.ring.tail_lsn();
    if (!first && position + blocks - state_.ring.tail() > ring) {
      co_return Status(ErrorKind::corrupt, "the journal overlaps itself");
    }
    if (!is_group) {
      // Its length is unknown: one block stands for it, and the successor's position is what
      // counts.
      ++state_.stats.rotten_groups;
      replay_lost(scan.lsn(), scan.lost_records());
      state_.ring.append(position, blocks, 0);
      continue;
    }
    state_.ring.append(position, blocks, scan.group().header_crc);
    replay_group(scan);
  }
  if (scan.torn()) ++state_.stats.truncated_groups;
  co_return Status();
}

void Recovery::replay_group(const JournalScanner& scan) {
  const format::Group& group = scan.group();
  const uint32_t payload_block = scan.block() + group.header_blocks;
  last_.clear();
  bool rotten = false;
  for (const uint8_t good : scan.payload_good()) rotten = rotten || good == 0;
  if (rotten) ++state_.stats.rotten_groups;
  for (const format::Record& record : group.records) {
    ++state_.stats.recovered_records;
    replay_record(scan.lsn(), record, payload_block, scan);
    last_.push_back(format::digest_of(record));
  }
}

DirtyChunk* Recovery::target_of(uint64_t lsn, uint64_t volume_id, uint32_t chunk) {
  if (chunk >= kChunksPerVolumeMax) return nullptr;
  Volume& volume = state_.index.find_or_make_volume(volume_id);
  if (volume.dropping) return nullptr;
  ChunkEntry& entry = volume.find_or_make(chunk);
  if (entry.has_crec() && lsn <= entry.lsn) return nullptr;
  return &state_.make_dirty(volume, entry, chunk);
}

void Recovery::put(DirtyChunk& dirty, uint64_t lsn, const format::Record& record,
                   std::span<const OverlaySector> sectors) {
  dirty.tip = record.version;
  dirty.birth = record.birth;
  state_.apply(dirty, lsn, record, sectors);
}

void Recovery::lose_chunk(DirtyChunk& dirty, uint64_t lsn, const format::Record& record) {
  std::array<OverlaySector, kChunkSectors> sectors{};
  for (uint32_t i = 0; i < kChunkSectors; ++i) {
    sectors[i].sector = static_cast<uint8_t>(i);
    sectors[i].source = SectorSource::lost;
  }
  format::Record all = record;
  all.first_sector = 0;
  all.rebase = true;
  ++state_.stats.suspect_chunks;
  state_.stats.lost_sectors += kChunkSectors;
  put(dirty, lsn, all, sectors);
}

void Recovery::drop_volume(uint64_t lsn, uint64_t id) {
  Volume* volume = state_.index.find_volume(id);
  if (volume == nullptr || volume->dropping) return;
  // Pages that only journal records name may belong to others since: they are not claimed, so
  // nothing is released.
  for (const auto& leaf : volume->leaves) {
    if (leaf == nullptr) continue;
    for (ChunkEntry& entry : leaf->entries) {
      if (entry.dirty == nullptr) continue;
      DirtyChunk& dirty = *entry.dirty;
      if (!dirty.active.empty()) state_.retire(dirty.active);
      state_.settle_dirty(dirty);
    }
  }
  if (volume->chunks == 0) {
    state_.index.erase_volume(id);
  } else {
    begin_drop(state_, *volume, lsn);
  }
}

void Recovery::replay_record(uint64_t lsn, const format::Record& record,
                             uint32_t payload_ring_block, const JournalScanner& scan) {
  if (record.type == RecordType::nothing || record.type == RecordType::epoch) return;
  if (record.type == RecordType::drop) {
    drop_volume(lsn, record.volume);
    return;
  }
  DirtyChunk* dirty = target_of(lsn, record.volume, record.chunk);
  if (dirty == nullptr) return;
  const bool chained =
      record.rebase || (record.previous_version == dirty->tip && record.version > dirty->tip);
  if (!chained) return lose_chunk(*dirty, lsn, record);
  std::array<OverlaySector, kChunkSectors> sectors{};
  for (uint32_t i = 0; i < record.sectors_count; ++i) {
    OverlaySector& s = sectors[i];
    s.sector = static_cast<uint8_t>(record.first_sector + i);
    if (record.type == RecordType::zero) {
      s.source = SectorSource::zero;
      continue;
    }
    s.crc = record.sector_crcs[i];
    if (record.type == RecordType::write_big) {
      s.source = SectorSource::page;
      s.place = record.pages[i / format::kPageSectors];
    } else if (scan.payload_good()[record.payload_block + i] != 0) {
      s.source = SectorSource::journal;
      s.place = payload_ring_block + record.payload_block + i;
    } else {
      s.source = SectorSource::lost;
      ++state_.stats.lost_sectors;
    }
  }
  if (record.type == RecordType::write_small) {
    state_.set_page_map(*dirty,
                        dirty->page_map | pages_touched(record.first_sector, record.sectors_count));
  }
  put(*dirty, lsn, record, std::span(sectors).first(record.sectors_count));
}

void Recovery::replay_lost(uint64_t lsn, const std::vector<format::DigestDisk>& lost) {
  for (const format::DigestDisk& digest : lost) {
    const auto type = static_cast<RecordType>(digest.type);
    if (type == RecordType::nothing || type == RecordType::epoch) continue;
    if (type == RecordType::drop) {
      drop_volume(lsn, digest.volume);
      continue;
    }
    const uint32_t end = uint32_t{digest.first_sector} + digest.sectors_count;
    if (digest.sectors_count == 0 || end > kChunkSectors) continue;
    DirtyChunk* dirty = target_of(lsn, digest.volume, digest.chunk);
    if (dirty == nullptr) continue;
    format::Record record;
    record.birth = digest.birth;
    record.version = digest.version;
    record.first_sector = digest.first_sector;
    record.rebase = (digest.flags & format::kRecordFlagRebase) != 0;
    if (!record.rebase && record.version <= dirty->tip) {
      lose_chunk(*dirty, lsn, record);
      continue;
    }
    std::array<OverlaySector, kChunkSectors> sectors{};
    for (uint32_t i = 0; i < digest.sectors_count; ++i) {
      sectors[i].sector = static_cast<uint8_t>(digest.first_sector + i);
      sectors[i].source = type == RecordType::zero ? SectorSource::zero : SectorSource::lost;
    }
    if (type != RecordType::zero) state_.stats.lost_sectors += digest.sectors_count;
    put(*dirty, lsn, record, std::span(sectors).first(digest.sectors_count));
  }
}

void Recovery::claim_pages() {
  for (ReplayNode* node = state_.replay.head(); node != nullptr; node = node->next) {
    if (node->is_drop) continue;
    auto& overlay = *static_cast<Overlay*>(node);
    uint32_t claimed = format::kPageNone;
    for (OverlaySector& s : std::span(overlay.sectors, overlay.count)) {
      if (s.source != SectorSource::page || s.place == claimed) continue;
      if (state_.pages.claim(s.place)) {
        claimed = s.place;
        continue;
      }
      // Somebody else's page (invariant S3): the older claim keeps it, these sectors are lost.
      ++state_.stats.double_claims;
      ++state_.stats.lost_sectors;
      s.source = SectorSource::lost;
      s.place = 0;
      s.crc = 0;
    }
    std::erase_if(overlay.superseded_pages, [this](uint32_t page) {
      if (state_.pages.claim(page)) return false;
      ++state_.stats.double_claims;
      return true;
    });
  }
}

}  // namespace cairn::store
