// Checkpoints and metadata segments: where every chunk record is, which pages chunk records use,
// what each segment holds.
//
//   slot    = CheckpointHeaderDisk in one block, body
//   body    = entries (48 B each), page bitmap, segment table (16 B each); each part padded to a
//   block with zeroes segment = SegmentHeaderDisk, chunk records in batches that begin on a block,
//   SegmentFooterDisk in the last block
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/status.h"
#include "format/bytes.h"
#include "format/geometry.h"
#include "format/journal.h"

namespace cairn::format {

inline constexpr uint32_t kCheckpointMagic = 0x31504343;     // "CCP1"
inline constexpr uint32_t kSegmentMagic = 0x31475343;        // "CSG1"
inline constexpr uint32_t kSegmentFooterMagic = 0x31464343;  // "CCF1"

struct CheckpointHeaderDisk {
  uint32_t magic;
  uint32_t crc;  ///< crc32c over the header block with this field zero.
  uint64_t store_low;
  uint32_t incarnation_low;
  uint32_t body_crc;
  uint64_t sequence;
  uint64_t replay_lsn;
  uint32_t replay_block;
  uint32_t replay_previous_crc;
  uint64_t entries_count;
  uint32_t pages_count;
  uint32_t segments_count;
  uint32_t open_segment;
  uint32_t open_segment_used;
  uint64_t next_segment_sequence;
};
static_assert(sizeof(CheckpointHeaderDisk) == 80);
static_assert(offsetof(CheckpointHeaderDisk, sequence) == 24);
static_assert(offsetof(CheckpointHeaderDisk, entries_count) == 48);

struct CheckpointEntryDisk {
  uint64_t volume;
  uint64_t version;
  uint64_t lsn;
  uint64_t page_map;
  uint32_t chunk;
  uint32_t birth;
  uint32_t offset_units;  ///< In the metadata area, in units of 8 bytes.
  uint16_t length_units;
  uint8_t flags;
  uint8_t reserved;
};
static_assert(sizeof(CheckpointEntryDisk) == 48);
static_assert(offsetof(CheckpointEntryDisk, chunk) == 32);
inline constexpr uint8_t kEntryFlagFull = 1;  ///< All 256 sectors hold data.

struct SegmentEntryDisk {
  uint64_t sequence;  ///< 0: free.
  uint32_t live_bytes;
  uint32_t used_bytes;
};
static_assert(sizeof(SegmentEntryDisk) == 16);

struct SegmentHeaderDisk {
  uint32_t magic;
  uint32_t crc;
  uint64_t store_low;
  uint32_t incarnation_low;
  uint32_t segment;
  uint64_t sequence;
  uint64_t reserved[4];
};
static_assert(sizeof(SegmentHeaderDisk) == 64);

struct SegmentFooterDisk {
  uint32_t magic;
  uint32_t crc;
  uint64_t store_low;
  uint32_t incarnation_low;
  uint32_t segment;
  uint64_t sequence;
  uint32_t records_count;
  uint32_t used_bytes;
  uint32_t records_crc;  ///< crc32c over the crc fields of the records, in order.
  uint32_t reserved0;
  uint64_t reserved1[2];
};
static_assert(sizeof(SegmentFooterDisk) == 64);

struct CheckpointHeader {
  uint64_t sequence = 0;
  uint64_t replay_lsn = 1;
  uint32_t replay_block = 0;
  uint32_t replay_previous_crc = 0;
  uint64_t entries_count = 0;
  uint32_t pages_count = 0;
  uint32_t segments_count = 0;
  uint32_t open_segment = 0;
  uint32_t open_segment_used = 0;
  uint64_t next_segment_sequence = 1;
  uint32_t body_crc = 0;
  uint32_t header_crc = 0;  ///< Set by encode and decode.
};

/// Byte lengths of a body's parts.
struct CheckpointShape {
  uint64_t entries_bytes = 0, bitmap_bytes = 0, segments_bytes = 0;
  [[nodiscard]] uint64_t body_bytes() const {
    return entries_bytes + bitmap_bytes + segments_bytes;
  }
};
[[nodiscard]] CheckpointShape shape_of(const CheckpointHeader& header);

void encode_checkpoint_header(CheckpointHeader& header, const JournalIdentity& identity,
                              std::span<std::byte> block);
[[nodiscard]] Result<CheckpointHeader> decode_checkpoint_header(std::span<const std::byte> block,
                                                                const JournalIdentity& identity,
                                                                const Geometry& geometry);
/// Field ranges of one entry.
[[nodiscard]] Status check_entry(const CheckpointEntryDisk& entry, const Geometry& geometry);

void encode_segment_header(uint32_t segment, uint64_t sequence, const JournalIdentity& identity,
                           std::span<std::byte> out);
[[nodiscard]] Status decode_segment_header(std::span<const std::byte> bytes, uint32_t segment,
                                           const JournalIdentity& identity, uint64_t& sequence);

struct SegmentFooter {
  uint64_t sequence = 0;
  uint32_t records_count = 0;
  uint32_t used_bytes = 0;
  uint32_t records_crc = 0;
};
void encode_segment_footer(uint32_t segment, const SegmentFooter& footer,
                           const JournalIdentity& identity, std::span<std::byte> block);
[[nodiscard]] Status decode_segment_footer(std::span<const std::byte> bytes, uint32_t segment,
                                           const JournalIdentity& identity, SegmentFooter& footer);

}  // namespace cairn::format
