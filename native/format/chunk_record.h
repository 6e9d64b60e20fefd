// The chunk record ("crec"): everything a store knows about one chunk, self-contained, appended to
// the metadata log.
//
//   crec = CrecDisk, valid bitmap 32 B, [lost bitmap 32 B], page number per present page, crc32c
//   per valid sector, padded to 8
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"
#include "format/bytes.h"
#include "format/geometry.h"

namespace cairn::format {

inline constexpr uint32_t kCrecMagic = 0x31524343;  // "CCR1"

struct CrecDisk {
  uint32_t magic;
  uint32_t length;  ///< Of the whole record, a multiple of 8.
  uint32_t crc;     ///< crc32c over `length` bytes with this field zero.
  uint32_t flags;
  uint64_t lsn;
  uint64_t volume;
  uint32_t chunk;
  uint32_t birth;
  uint64_t version;
  uint64_t page_map;
  uint64_t shared_map;
  uint32_t pg;
  uint32_t last_modified_epoch;
  uint16_t pages_count;
  uint16_t valid_count;
  uint16_t heat;
  uint16_t reserved0;
  uint64_t reserved1[2];
};
static_assert(sizeof(CrecDisk) == 96);
static_assert(offsetof(CrecDisk, lsn) == 16);
static_assert(offsetof(CrecDisk, version) == 40);
static_assert(offsetof(CrecDisk, pages_count) == 72);

inline constexpr uint32_t kCrecFlagLost = 1u << 0;  ///< A lost bitmap follows.
inline constexpr uint32_t kCrecFlagTombstone = 1u
                                               << 1;  ///< No sector holds data; the version counts.
inline constexpr uint32_t kCrecFlagsKnown = kCrecFlagLost | kCrecFlagTombstone;

using SectorMap = std::array<uint64_t, kChunkSectors / 64>;

[[nodiscard]] constexpr bool test_bit(const SectorMap& map, uint32_t sector) {
  return ((map[sector / 64] >> (sector % 64)) & 1) != 0;
}
constexpr void set_bit(SectorMap& map, uint32_t sector) {
  map[sector / 64] |= uint64_t{1} << (sector % 64);
}
constexpr void clear_bit(SectorMap& map, uint32_t sector) {
  map[sector / 64] &= ~(uint64_t{1} << (sector % 64));
}

/// The decoded form, of fixed size. `pages[i]` is meaningful where `page_map` has bit i, `crcs[s]`
/// where `valid` has bit s; both are zero elsewhere. A lost sector is one whose content is known to
/// be gone: reads fail, a write heals it.
struct ChunkRecord {
  uint64_t volume = 0;
  uint32_t chunk = 0;
  uint32_t birth = 0;
  uint64_t lsn = 0;
  uint64_t version = 0;
  uint32_t pg = 0;
  uint32_t last_modified_epoch = 0;
  uint16_t heat = 0;
  uint64_t page_map = 0;
  uint64_t shared_map = 0;
  SectorMap valid{};
  SectorMap lost{};
  std::array<uint32_t, kChunkPages> pages{};
  std::array<uint32_t, kChunkSectors> crcs{};

  friend bool operator==(const ChunkRecord&, const ChunkRecord&) = default;
};

inline constexpr uint32_t kCrecBytesMax = 96 + 32 + 32 + 4 * kChunkPages + 4 * kChunkSectors;

[[nodiscard]] uint32_t encoded_crec_bytes(const ChunkRecord& record);

/// Writes `encoded_crec_bytes(record)` bytes and returns their number.
uint32_t encode_crec(const ChunkRecord& record, std::span<std::byte> out);

/// Decodes the record at the beginning of `bytes`; `length` tells how long it is. corrupt on
/// anything that the encoder would not write, including page numbers at or above `pages_count`.
[[nodiscard]] Status decode_crec(std::span<const std::byte> bytes, uint32_t pages_count,
                                 ChunkRecord& record, uint32_t& length);

}  // namespace cairn::format
