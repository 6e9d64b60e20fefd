#include "format/journal.h"

#include <algorithm>

#include "base/crc32c.h"

namespace cairn::format {

namespace {

constexpr size_t kCrcAt = offsetof(GroupHeaderDisk, crc);
constexpr uint32_t kDigestsBytesMax = kGroupRecordsMax * sizeof(DigestDisk);

uint32_t header_crc_of(std::span<const std::byte> header) {
  const uint32_t zero = 0;
  uint32_t crc = crc32c(header.first(kCrcAt));
  crc = crc32c_extend(crc, std::as_bytes(std::span(&zero, 1)));
  return crc32c_extend(crc, header.subspan(kCrcAt + sizeof zero));
}

bool has_crcs(RecordType type) {
  return type == RecordType::write_small || type == RecordType::write_big;
}

bool known(uint8_t type) {
  switch (static_cast<RecordType>(type)) {
    case RecordType::write_small:
    case RecordType::write_big:
    case RecordType::zero:
    case RecordType::drop:
    case RecordType::epoch:
    case RecordType::nothing:
      return true;
  }
  return false;
}

size_t encoded_bytes(size_t crcs, size_t pages) {
  return round_up(sizeof(RecordDisk) + 4 * (crcs + pages), 8);
}

Status bad(const char* what) { return {ErrorKind::corrupt, what}; }

/// Field ranges of one record; `payload_blocks` is what its group carries.
Status check_record(const RecordDisk& r, uint32_t payload_blocks) {
  if (!known(r.type)) return bad("record type");
  const auto type = static_cast<RecordType>(r.type);
  const uint32_t end = uint32_t{r.first_sector} + r.sectors_count;
  if (end > kChunkSectors) return bad("record range");
  const bool ranged = has_crcs(type) || type == RecordType::zero;
  if (ranged != (r.sectors_count > 0)) return bad("record length");
  if ((r.flags & ~(ranged ? kRecordFlagRebase : 0)) != 0) return bad("record flags");
  if (type == RecordType::write_small &&
      (r.payload_block >= payload_blocks || r.sectors_count > payload_blocks - r.payload_block)) {
    return bad("record payload");
  }
  if (type != RecordType::write_big) return r.pages_count == 0 ? Status() : bad("record pages");
  if (r.first_sector % kPageSectors != 0 || r.sectors_count % kPageSectors != 0 ||
      r.pages_count != r.sectors_count / kPageSectors) {
    return bad("big record shape");
  }
  return {};
}

Status check_header(const GroupHeaderDisk& h, uint32_t ring_block, uint32_t ring_blocks) {
  if (h.ring_block != ring_block) return bad("group position");
  if (h.header_blocks == 0 || h.header_blocks > kGroupHeaderBlocksMax) return bad("header blocks");
  if (h.total_blocks < h.header_blocks || h.total_blocks > kGroupBlocksMax ||
      ring_block >= ring_blocks || h.total_blocks > ring_blocks - ring_block) {
    return bad("group length");
  }
  if (h.records_count == 0 || h.records_count > kGroupRecordsMax ||
      h.digests_count > kGroupRecordsMax) {
    return bad("record count");
  }
  const uint64_t used =
      uint64_t{h.records_bytes} + h.digests_count * sizeof(DigestDisk) + sizeof(GroupHeaderDisk);
  if (used > uint64_t{h.header_blocks} * kBlockBytes || h.records_bytes % 8 != 0) {
    return bad("header length");
  }
  if (h.lsn == 0 || h.durable_lsn >= h.lsn) return bad("group lsn");
  return {};
}

/// Reads the record at `at` into `group`, whose words were reserved so that spans stay valid.
/// Advances `at`.
Status read_record(std::span<const std::byte> records, size_t& at, uint32_t payload_blocks,
                   Group& group) {
  if (records.size() - at < sizeof(RecordDisk)) return bad("record table");
  const auto disk = load<RecordDisk>(records, at);
  CAIRN_RETURN_IF_ERROR(check_record(disk, payload_blocks));
  const auto type = static_cast<RecordType>(disk.type);
  const size_t crcs = has_crcs(type) ? disk.sectors_count : 0;
  const size_t pages = disk.pages_count;
  if (encoded_bytes(crcs, pages) > records.size() - at) return bad("record table");
  Record record{type,
                disk.pg,
                disk.volume,
                disk.chunk,
                disk.birth,
                disk.version,
                disk.previous_version,
                disk.first_sector,
                disk.sectors_count,
                disk.payload_block,
                {},
                {},
                (disk.flags & kRecordFlagRebase) != 0};
  const size_t first = group.words.size();
  CAIRN_ASSERT(group.words.capacity() - first >= crcs + pages);
  group.words.resize(first + crcs + pages);
  if (crcs + pages > 0) {
    std::memcpy(group.words.data() + first, records.data() + at + sizeof disk, 4 * (crcs + pages));
  }
  record.sector_crcs = std::span(group.words).subspan(first, crcs);
  record.pages = std::span(group.words).subspan(first + crcs, pages);
  group.records.push_back(record);
  at += encoded_bytes(crcs, pages);
  return {};
}

uint8_t flags_of(const Record& record) { return record.rebase ? kRecordFlagRebase : 0; }

}  // namespace

DigestDisk digest_of(const Record& r) {
  return {static_cast<uint8_t>(r.type),
          flags_of(r),
          r.first_sector,
          r.sectors_count,
          0,
          r.chunk,
          r.birth,
          r.volume,
          r.version};
}

GroupEncoder::GroupEncoder(std::span<std::byte> buffer) : buffer_(buffer) {
  CAIRN_ASSERT(buffer.size() == kGroupHeaderBytesMax);
  reset();
}

void GroupEncoder::reset() {
  used_ = sizeof(GroupHeaderDisk);
  records_count_ = 0;
}

bool GroupEncoder::fits(size_t crcs, size_t pages) const {
  return records_count_ < kGroupRecordsMax &&
         used_ + encoded_bytes(crcs, pages) + kDigestsBytesMax <= buffer_.size();
}

void GroupEncoder::add(const Record& r) {
  CAIRN_ASSERT(fits(r.sector_crcs.size(), r.pages.size()));
  CAIRN_ASSERT(r.sector_crcs.size() == (has_crcs(r.type) ? r.sectors_count : 0u));
  RecordDisk disk{};
  disk.type = static_cast<uint8_t>(r.type);
  disk.flags = flags_of(r);
  disk.sectors_count = r.sectors_count;
  disk.pg = r.pg;
  disk.volume = r.volume;
  disk.chunk = r.chunk;
  disk.birth = r.birth;
  disk.version = r.version;
  disk.previous_version = r.previous_version;
  disk.payload_block = r.payload_block;
  disk.first_sector = r.first_sector;
  disk.pages_count = static_cast<uint16_t>(r.pages.size());
  save(buffer_, used_, disk);
  std::byte* at = buffer_.data() + used_ + sizeof disk;
  if (!r.sector_crcs.empty()) std::memcpy(at, r.sector_crcs.data(), r.sector_crcs.size_bytes());
  at += r.sector_crcs.size_bytes();
  if (!r.pages.empty()) std::memcpy(at, r.pages.data(), r.pages.size_bytes());
  at += r.pages.size_bytes();
  const size_t bytes = encoded_bytes(r.sector_crcs.size(), r.pages.size());
  std::memset(at, 0, bytes - sizeof disk - r.sector_crcs.size_bytes() - r.pages.size_bytes());
  used_ += static_cast<uint32_t>(bytes);
  digests_[records_count_++] = digest_of(r);
}

uint32_t GroupEncoder::seal(const JournalIdentity& identity, const GroupFields& fields,
                            std::span<const DigestDisk> digests) {
  CAIRN_ASSERT(records_count_ > 0);
  CAIRN_ASSERT(digests.size() <= kGroupRecordsMax);
  const uint32_t records_end = used_;
  uint32_t end = records_end;
  if (!digests.empty()) {
    std::memcpy(buffer_.data() + end, digests.data(), digests.size_bytes());
    end += static_cast<uint32_t>(digests.size_bytes());
  }
  const auto header_bytes = static_cast<uint32_t>(round_up(end, kBlockBytes));
  CAIRN_ASSERT(header_bytes <= buffer_.size());
  std::memset(buffer_.data() + end, 0, header_bytes - end);
  GroupHeaderDisk h{};
  h.magic = kGroupMagic;
  h.store_low = identity.store_low;
  h.incarnation_low = identity.incarnation_low;
  h.previous_header_crc = fields.previous_header_crc;
  h.lsn = fields.lsn;
  h.durable_lsn = fields.durable_lsn;
  h.superblock_sequence = fields.superblock_sequence;
  h.ring_block = fields.ring_block;
  h.header_blocks = static_cast<uint16_t>(header_bytes / kBlockBytes);
  h.total_blocks = h.header_blocks + fields.payload_blocks;
  h.records_count = static_cast<uint16_t>(records_count_);
  h.digests_count = static_cast<uint16_t>(digests.size());
  h.records_bytes = records_end - static_cast<uint32_t>(sizeof h);
  save(buffer_, 0, h);
  header_crc_ = crc32c(buffer_.first(header_bytes));
  save(buffer_, kCrcAt, header_crc_);
  return h.header_blocks;
}

Status decode_group(std::span<const std::byte> bytes, const JournalIdentity& identity,
                    uint32_t ring_block, uint32_t ring_blocks, Group& group) {
  if (bytes.size() < kBlockBytes) return bad("group too short");
  if (!looks_like_group(bytes, identity, ring_block)) return bad("no group here");
  const auto h = load<GroupHeaderDisk>(bytes, 0);
  CAIRN_RETURN_IF_ERROR(check_header(h, ring_block, ring_blocks));
  const size_t header_bytes = size_t{h.header_blocks} * kBlockBytes;
  if (bytes.size() < header_bytes) return bad("group header cut off");
  bytes = bytes.first(header_bytes);
  if (header_crc_of(bytes) != h.crc) return bad("group header checksum");
  group.fields = {h.lsn,
                  h.durable_lsn,
                  h.superblock_sequence,
                  h.previous_header_crc,
                  h.ring_block,
                  h.total_blocks - h.header_blocks};
  group.header_crc = h.crc;
  group.header_blocks = h.header_blocks;
  group.total_blocks = h.total_blocks;
  group.records.clear();
  group.digests.clear();
  group.words.clear();
  group.words.reserve(h.records_bytes / 4);
  const auto records = bytes.subspan(sizeof h, h.records_bytes);
  size_t at = 0;
  for (uint32_t i = 0; i < h.records_count; ++i) {
    CAIRN_RETURN_IF_ERROR(read_record(records, at, group.fields.payload_blocks, group));
  }
  if (at != records.size()) return bad("record table length");
  group.digests.resize(h.digests_count);
  if (h.digests_count > 0) {
    std::memcpy(group.digests.data(), bytes.data() + sizeof h + h.records_bytes,
                h.digests_count * sizeof(DigestDisk));
  }
  return {};
}

bool looks_like_group(std::span<const std::byte> block, const JournalIdentity& identity,
                      uint32_t ring_block) {
  if (block.size() < sizeof(GroupHeaderDisk)) return false;
  const auto h = load<GroupHeaderDisk>(block, 0);
  return h.magic == kGroupMagic && h.store_low == identity.store_low &&
         h.incarnation_low == identity.incarnation_low && h.ring_block == ring_block;
}

}  // namespace cairn::format
