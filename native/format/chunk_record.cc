#include "format/chunk_record.h"

#include <bit>

#include "base/crc32c.h"

namespace cairn::format {

namespace {

constexpr size_t kCrcAt = offsetof(CrecDisk, crc);

uint32_t crc_of(std::span<const std::byte> record) {
  const uint32_t zero = 0;
  uint32_t crc = crc32c(record.first(kCrcAt));
  crc = crc32c_extend(crc, std::as_bytes(std::span(&zero, 1)));
  return crc32c_extend(crc, record.subspan(kCrcAt + sizeof zero));
}

uint32_t count(const SectorMap& map) {
  uint32_t bits = 0;
  for (const uint64_t word : map) bits += static_cast<uint32_t>(std::popcount(word));
  return bits;
}

bool any(const SectorMap& map) { return (map[0] | map[1] | map[2] | map[3]) != 0; }

/// The pages that hold at least one valid sector.
uint64_t pages_with_data(const SectorMap& valid) {
  uint64_t pages = 0;
  for (uint32_t page = 0; page < kChunkPages; ++page) {
    const uint32_t sector = page * kPageSectors;
    if (((valid[sector / 64] >> (sector % 64)) & 0xf) != 0) pages |= uint64_t{1} << page;
  }
  return pages;
}

Status bad(const char* what) { return {ErrorKind::corrupt, what}; }

/// Copies the variable parts that follow the header and checks them against it.
Status read_tables(std::span<const std::byte> bytes, const CrecDisk& disk, uint32_t pages_count,
                   ChunkRecord& record) {
  size_t at = sizeof disk;
  record.valid = load<SectorMap>(bytes, at);
  at += sizeof record.valid;
  record.lost = {};
  if ((disk.flags & kCrecFlagLost) != 0) {
    record.lost = load<SectorMap>(bytes, at);
    at += sizeof record.lost;
    if (!any(record.lost)) return bad("crec lost map");
  }
  for (size_t i = 0; i < record.valid.size(); ++i) {
    if ((record.valid[i] & record.lost[i]) != 0) return bad("crec sector both valid and lost");
  }
  if (count(record.valid) != disk.valid_count) return bad("crec valid count");
  if (pages_with_data(record.valid) != disk.page_map) return bad("crec page map");
  record.pages = {};
  for (uint64_t left = disk.page_map; left != 0; left &= left - 1, at += 4) {
    const auto page = load<uint32_t>(bytes, at);
    if (page >= pages_count) return bad("crec page number");
    record.pages[static_cast<size_t>(std::countr_zero(left))] = page;
  }
  record.crcs = {};
  for (uint32_t word = 0; word < record.valid.size(); ++word) {
    for (uint64_t left = record.valid[word]; left != 0; left &= left - 1, at += 4) {
      record.crcs[word * 64 + static_cast<uint32_t>(std::countr_zero(left))] =
          load<uint32_t>(bytes, at);
    }
  }
  return {};
}

}  // namespace

uint32_t encoded_crec_bytes(const ChunkRecord& record) {
  const auto pages = static_cast<uint32_t>(std::popcount(record.page_map));
  const uint32_t bytes = static_cast<uint32_t>(sizeof(CrecDisk)) + 32 +
                         (any(record.lost) ? 32 : 0) + 4 * pages + 4 * count(record.valid);
  return static_cast<uint32_t>(round_up(bytes, 8));
}

uint32_t encode_crec(const ChunkRecord& record, std::span<std::byte> out) {
  const uint32_t length = encoded_crec_bytes(record);
  CAIRN_ASSERT(out.size() >= length);
  CAIRN_ASSERT(pages_with_data(record.valid) == record.page_map);
  out = out.first(length);
  CrecDisk disk{};
  disk.magic = kCrecMagic;
  disk.length = length;
  disk.flags = (any(record.lost) ? kCrecFlagLost : 0) |
               (record.page_map == 0 && !any(record.lost) ? kCrecFlagTombstone : 0);
  disk.lsn = record.lsn;
  disk.volume = record.volume;
  disk.chunk = record.chunk;
  disk.birth = record.birth;
  disk.version = record.version;
  disk.page_map = record.page_map;
  disk.shared_map = record.shared_map;
  disk.pg = record.pg;
  disk.last_modified_epoch = record.last_modified_epoch;
  disk.pages_count = static_cast<uint16_t>(std::popcount(record.page_map));
  disk.valid_count = static_cast<uint16_t>(count(record.valid));
  disk.heat = record.heat;
  save(out, 0, disk);
  size_t at = sizeof disk;
  save(out, at, record.valid);
  at += sizeof record.valid;
  if (any(record.lost)) {
    save(out, at, record.lost);
    at += sizeof record.lost;
  }
  for (uint64_t left = record.page_map; left != 0; left &= left - 1, at += 4) {
    save(out, at, record.pages[static_cast<size_t>(std::countr_zero(left))]);
  }
  for (uint32_t word = 0; word < record.valid.size(); ++word) {
    for (uint64_t left = record.valid[word]; left != 0; left &= left - 1, at += 4) {
      save(out, at, record.crcs[word * 64 + static_cast<uint32_t>(std::countr_zero(left))]);
    }
  }
  std::memset(out.data() + at, 0, length - at);
  save(out, kCrcAt, crc_of(out));
  return length;
}

Status decode_crec(std::span<const std::byte> bytes, uint32_t pages_count, ChunkRecord& record,
                   uint32_t& length) {
  if (bytes.size() < sizeof(CrecDisk) + 32) return bad("crec too short");
  const auto disk = load<CrecDisk>(bytes, 0);
  if (disk.magic != kCrecMagic) return bad("crec magic");
  if (disk.length > kCrecBytesMax || disk.length > bytes.size() || disk.length % 8 != 0 ||
      disk.length < sizeof(CrecDisk) + 32) {
    return bad("crec length");
  }
  bytes = bytes.first(disk.length);
  if (crc_of(bytes) != disk.crc) return bad("crec checksum");
  if ((disk.flags & ~kCrecFlagsKnown) != 0) return bad("crec flags");
  if (disk.pages_count != std::popcount(disk.page_map)) return bad("crec page count");
  if (disk.valid_count > kChunkSectors) return bad("crec valid count");
  const uint64_t expected = sizeof disk + 32 + ((disk.flags & kCrecFlagLost) != 0 ? 32 : 0) +
                            4u * disk.pages_count + 4u * disk.valid_count;
  if (round_up(expected, 8) != disk.length) return bad("crec length");
  record.volume = disk.volume;
  record.chunk = disk.chunk;
  record.birth = disk.birth;
  record.lsn = disk.lsn;
  record.version = disk.version;
  record.pg = disk.pg;
  record.last_modified_epoch = disk.last_modified_epoch;
  record.heat = disk.heat;
  record.page_map = disk.page_map;
  record.shared_map = disk.shared_map;
  CAIRN_RETURN_IF_ERROR(read_tables(bytes, disk, pages_count, record));
  length = disk.length;
  return {};
}

}  // namespace cairn::format
