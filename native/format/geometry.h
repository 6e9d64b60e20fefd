// Where the areas of a store lie (docs/internals/disk-format.md, "Areas").
#pragma once

#include <array>
#include <cstdint>

#include "base/status.h"

namespace cairn::format {

inline constexpr uint32_t kSectorBytes = 4096;
inline constexpr uint32_t kPageBytes = 16384;
inline constexpr uint32_t kPageSectors = kPageBytes / kSectorBytes;
inline constexpr uint32_t kChunkPages = 64;
inline constexpr uint32_t kChunkSectors = kChunkPages * kPageSectors;
inline constexpr uint64_t kChunkBytes = uint64_t{kChunkPages} * kPageBytes;
inline constexpr uint32_t kSuperblockCopies = 4;
inline constexpr uint64_t kSuperblockBytes = 4096;
/// Pages are numbered with 32 bits; the last number means "none".
inline constexpr uint64_t kPagesMax = 0xffff'fffe;
inline constexpr uint32_t kPageNone = 0xffff'ffff;
/// An upper bound of an encoded chunk record: what every record costs, and what each of its pages
/// adds.
inline constexpr uint32_t kCrecBaseBytes = 168;
inline constexpr uint32_t kCrecBytesPerPage = 20;

/// Offsets and sizes in bytes unless named otherwise; all aligned to `alignment`.
struct Geometry {
  uint64_t device_bytes = 0;
  uint64_t alignment = 0;
  uint64_t journal_offset = 0, journal_bytes = 0;
  uint64_t metadata_offset = 0, metadata_bytes = 0;
  uint64_t checkpoint_offset = 0,
           checkpoint_bytes = 0;  ///< The first of two slots, and the size of one.
  uint64_t pages_offset = 0;
  uint32_t pages_count = 0;
  uint32_t segment_bytes = 0;
  uint32_t chunks_max = 0;

  [[nodiscard]] uint32_t segments_count() const {
    return static_cast<uint32_t>(metadata_bytes / segment_bytes);
  }
  [[nodiscard]] uint32_t journal_blocks() const {
    return static_cast<uint32_t>(journal_bytes / kSectorBytes);
  }
  [[nodiscard]] uint64_t checkpoint_slot_offset(uint32_t slot) const {
    return checkpoint_offset + slot * checkpoint_bytes;
  }
  [[nodiscard]] uint64_t page_offset(uint32_t page) const {
    return pages_offset + uint64_t{page} * kPageBytes;
  }
  /// The page that the superblock copy in the middle of the device occupies, never given to data;
  /// kPageNone if there is none.
  [[nodiscard]] uint32_t reserved_page() const;

  friend bool operator==(const Geometry&, const Geometry&) = default;
};

/// Small drives (below 256 MiB, as in simulation) use 64 KiB instead of 1 MiB.
[[nodiscard]] uint64_t alignment_for(uint64_t device_bytes);

/// Where the copies of the superblock are on a device of this size.
[[nodiscard]] std::array<uint64_t, kSuperblockCopies> superblock_offsets(uint64_t device_bytes);

/// Chooses the areas for a new store. Zero means "choose": see docs/internals/disk-format.md for
/// the rule. invalid_argument if the drive is too small or too large.
[[nodiscard]] Result<Geometry> plan_geometry(uint64_t device_bytes, uint64_t journal_bytes,
                                             uint32_t segment_bytes);

/// Checks a geometry read from a device: areas inside the device, aligned, apart from each other,
/// large enough.
[[nodiscard]] Status check_geometry(const Geometry& geometry);

}  // namespace cairn::format
