// The superblock: who a store is and where its areas lie. Four copies, written one after another,
// chosen by quorum.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/status.h"
#include "format/bytes.h"
#include "format/geometry.h"

namespace cairn::format {

inline constexpr uint16_t kFormatMajor = 1;
inline constexpr uint16_t kFormatMinor = 0;
inline constexpr std::array<char, 8> kSuperblockMagic{'C', 'A', 'I', 'R', 'N', 'S', 'B', '1'};
inline constexpr uint8_t kChecksumCrc32c = 1;

using Uuid = std::array<uint8_t, 16>;

struct SuperblockDisk {
  std::array<char, 8> magic;
  uint32_t crc;  ///< crc32c of the 4096 bytes with this field zero.
  uint16_t format_major;
  uint16_t format_minor;
  uint64_t sequence;
  uint64_t features_compatible;
  uint64_t features_incompatible;
  uint64_t features_read_only;
  Uuid cluster;
  Uuid store;
  Uuid partner;
  Uuid node;
  uint64_t incarnation;
  uint64_t device_bytes;
  std::array<char, 32> serial;
  uint8_t drive_class;
  uint8_t clean;
  uint8_t cache_is_volatile;
  uint8_t checksum_type;
  uint32_t page_bytes;
  uint32_t segment_bytes;
  uint32_t chunks_max;
  uint64_t alignment;
  uint64_t journal_offset;
  uint64_t journal_bytes;
  uint64_t metadata_offset;
  uint64_t metadata_bytes;
  uint64_t checkpoint_offset;
  uint64_t checkpoint_bytes;
  uint64_t pages_offset;
  uint32_t pages_count;
  uint32_t checkpoint_slot;
  uint64_t checkpoint_sequence;
  uint32_t checkpoint_crc;
  uint32_t journal_block_hint;
  uint64_t replay_lsn;
  uint64_t reserved_encryption[32];
};
static_assert(sizeof(SuperblockDisk) == 528);
static_assert(std::is_trivially_copyable_v<SuperblockDisk>);
static_assert(offsetof(SuperblockDisk, crc) == 8);
static_assert(offsetof(SuperblockDisk, sequence) == 16);
static_assert(offsetof(SuperblockDisk, cluster) == 48);
static_assert(offsetof(SuperblockDisk, incarnation) == 112);
static_assert(offsetof(SuperblockDisk, serial) == 128);
static_assert(offsetof(SuperblockDisk, drive_class) == 160);
static_assert(offsetof(SuperblockDisk, alignment) == 176);
static_assert(offsetof(SuperblockDisk, pages_count) == 240);
static_assert(offsetof(SuperblockDisk, checkpoint_sequence) == 248);
static_assert(offsetof(SuperblockDisk, replay_lsn) == 264);

struct Superblock {
  uint64_t sequence = 0;
  Uuid cluster{}, store{}, partner{}, node{};
  uint64_t incarnation = 0;
  std::array<char, 32> serial{};
  uint8_t drive_class = 0;
  bool clean = false;
  bool cache_is_volatile = true;
  Geometry geometry;
  /// The slot that holds the newest checkpoint, its sequence and the crc of its header.
  uint32_t checkpoint_slot = 0;
  uint64_t checkpoint_sequence = 0;
  uint32_t checkpoint_crc = 0;
  uint32_t journal_block_hint = 0;
  uint64_t replay_lsn = 1;

  friend bool operator==(const Superblock&, const Superblock&) = default;
};

using SuperblockBytes = std::span<std::byte, kSuperblockBytes>;

void encode_superblock(const Superblock& superblock, SuperblockBytes out);

/// not_found: no magic. corrupt: checksum or a field out of its range. unsupported: a newer format
/// or an unknown feature.
[[nodiscard]] Result<Superblock> decode_superblock(std::span<const std::byte> bytes);

/// The superblock with the highest sequence of which at least two equal copies exist. not_found: no
/// copy decodes at all and none has the magic; unsupported: copies of a newer format; corrupt
/// otherwise.
[[nodiscard]] Result<Superblock> choose_superblock(
    std::span<const Result<Superblock>, kSuperblockCopies> copies);

}  // namespace cairn::format
