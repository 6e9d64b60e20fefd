// The journal: a ring of 4 KiB blocks holding groups of records (docs/internals/disk-format.md,
// "Journal").
//
//   group   = header blocks (1..4), payload blocks (0..n), contiguous in the ring
//   header  = GroupHeaderDisk, records, digests of the previous group's records, zeroes
//   record  = RecordDisk, crc32c per sector (W, B), page number per page (B), padded to 8
//
// A group is valid if its header crc, identity, ring position and place in the hash chain are
// right. Payload is covered by the sector crcs in the records.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/status.h"
#include "format/bytes.h"
#include "format/geometry.h"

namespace cairn::format {

inline constexpr uint32_t kGroupMagic = 0x314a4743;  // "CGJ1"
inline constexpr uint32_t kGroupHeaderBlocksMax = 4;
inline constexpr uint32_t kGroupHeaderBytesMax = kGroupHeaderBlocksMax * kBlockBytes;
inline constexpr uint32_t kGroupRecordsMax = 64;
inline constexpr uint32_t kGroupBlocksMax = (1u << 20) / kBlockBytes;

enum class RecordType : uint8_t {
  write_small = 'W',  ///< The sectors are in this group's payload.
  write_big = 'B',    ///< Whole pages, durable at `pages` before this record was written.
  zero = 'Z',         ///< The sectors read as zeroes.
  drop = 'D',         ///< All chunks of the volume are gone.
  epoch = 'E',        ///< A promised epoch: `version` of (pg or volume).
  nothing = 'N',      ///< Carries no change.
};

struct GroupHeaderDisk {
  uint32_t magic;
  uint32_t crc;  ///< crc32c over all header blocks with this field zero.
  uint64_t store_low;
  uint32_t incarnation_low;
  uint32_t previous_header_crc;
  uint64_t lsn;
  uint64_t durable_lsn;
  uint64_t superblock_sequence;
  uint32_t ring_block;
  uint32_t total_blocks;
  uint16_t header_blocks;
  uint16_t records_count;
  uint16_t digests_count;
  uint16_t flags;
  uint32_t records_bytes;
  uint32_t reserved0;
  uint64_t reserved[7];
};
static_assert(sizeof(GroupHeaderDisk) == 128);
static_assert(offsetof(GroupHeaderDisk, crc) == 4);
static_assert(offsetof(GroupHeaderDisk, lsn) == 24);
static_assert(offsetof(GroupHeaderDisk, ring_block) == 48);
static_assert(offsetof(GroupHeaderDisk, records_bytes) == 64);

/// On W, B and Z: the record states the chunk's version, whatever it was before.
inline constexpr uint8_t kRecordFlagRebase = 1u << 0;

struct RecordDisk {
  uint8_t type;
  uint8_t flags;
  uint16_t sectors_count;
  uint32_t pg;
  uint64_t volume;
  uint32_t chunk;
  uint32_t birth;
  uint64_t version;
  uint64_t previous_version;
  uint32_t
      payload_block;  ///< First block of the sectors, counted from the end of the header blocks.
  uint16_t first_sector;
  uint16_t pages_count;
  uint64_t reserved;
};
static_assert(sizeof(RecordDisk) == 56);
static_assert(offsetof(RecordDisk, volume) == 8);
static_assert(offsetof(RecordDisk, version) == 24);
static_assert(offsetof(RecordDisk, payload_block) == 40);

/// What the next group remembers of a record, so that a rotten group can be localised.
struct DigestDisk {
  uint8_t type;
  uint8_t flags;  ///< The record's.
  uint16_t first_sector;
  uint16_t sectors_count;
  uint16_t reserved1;
  uint32_t chunk;
  uint32_t birth;
  uint64_t volume;
  uint64_t version;
};
static_assert(sizeof(DigestDisk) == 32);
static_assert(offsetof(DigestDisk, volume) == 16);

/// Whose journal it is; a group of another store or an earlier format is no group.
struct JournalIdentity {
  uint64_t store_low = 0;
  uint32_t incarnation_low = 0;
};

struct Record {
  RecordType type = RecordType::nothing;
  uint32_t pg = 0;
  uint64_t volume = 0;
  uint32_t chunk = 0;
  uint32_t birth = 0;
  uint64_t version = 0;
  uint64_t previous_version = 0;
  uint16_t first_sector = 0;
  uint16_t sectors_count = 0;
  uint32_t payload_block = 0;
  /// One per sector for W and B; empty otherwise.
  std::span<const uint32_t> sector_crcs;
  /// One per page for B; empty otherwise.
  std::span<const uint32_t> pages;
  /// `previous_version` means nothing, and `version` may be the same as before or lower. Only for
  /// W, B and Z.
  bool rebase = false;
};

[[nodiscard]] DigestDisk digest_of(const Record& record);

struct GroupFields {
  uint64_t lsn = 0;
  uint64_t durable_lsn = 0;
  uint64_t superblock_sequence = 0;
  uint32_t previous_header_crc = 0;
  uint32_t ring_block = 0;
  uint32_t payload_blocks = 0;
};

/// Builds the header of one group in a buffer of kGroupHeaderBytesMax bytes. Reused from group to
/// group; no allocation.
class GroupEncoder {
 public:
  explicit GroupEncoder(std::span<std::byte> buffer);

  void reset();
  /// True if a record with so many crcs and pages still fits, with room for the digests of a full
  /// previous group.
  [[nodiscard]] bool fits(size_t crcs, size_t pages) const;
  void add(const Record& record);
  /// Completes the header and returns the number of header blocks. `digests` describe the previous
  /// group.
  uint32_t seal(const JournalIdentity& identity, const GroupFields& fields,
                std::span<const DigestDisk> digests);

  [[nodiscard]] uint32_t records_count() const { return records_count_; }
  [[nodiscard]] uint32_t header_crc() const { return header_crc_; }
  [[nodiscard]] std::span<const DigestDisk> digests() const {
    return std::span(digests_).first(records_count_);
  }

 private:
  std::span<std::byte> buffer_;
  std::array<DigestDisk, kGroupRecordsMax> digests_;
  uint32_t used_ = 0;
  uint32_t records_count_ = 0;
  uint32_t header_crc_ = 0;
};

/// A decoded header. The spans of `records` point into `words`.
struct Group {
  GroupFields fields;
  uint32_t header_crc = 0;
  uint32_t header_blocks = 0;
  uint32_t total_blocks = 0;
  std::vector<Record> records;
  std::vector<DigestDisk> digests;
  std::vector<uint32_t> words;
};

/// Decodes the header that begins at `bytes`, which holds at least one block and may hold more than
/// the header. corrupt if it is not a group of this journal at `ring_block`, or if any field breaks
/// the format.
[[nodiscard]] Status decode_group(std::span<const std::byte> bytes, const JournalIdentity& identity,
                                  uint32_t ring_block, uint32_t ring_blocks, Group& group);

/// True if `block` may begin a group of this journal: the cheap test before decode_group.
[[nodiscard]] bool looks_like_group(std::span<const std::byte> block,
                                    const JournalIdentity& identity, uint32_t ring_block);

}  // namespace cairn::format
