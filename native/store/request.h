// The requests a Store serves. Every message that changes data carries the identity that
// replication needs: placement group, volume, chunk, birth, and the chunk's version chain
// (docs/internals/disk-format.md).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/status.h"

namespace cairn::store {

inline constexpr uint32_t kSectorBytes = 4096;
inline constexpr uint32_t kChunkSectors = 256;
inline constexpr uint64_t kChunkBytes = uint64_t{kChunkSectors} * kSectorBytes;

/// A chunk's version: the owner's volume epoch above, the owner's sequence number below. Versions
/// of a chunk only grow, except by a rebase, which may also use versions of epoch 0, below every
/// writer's.
[[nodiscard]] constexpr uint64_t make_version(uint32_t volume_epoch, uint64_t sequence) {
  return (uint64_t{volume_epoch} << 40) | sequence;
}
[[nodiscard]] constexpr uint32_t epoch_of(uint64_t version) {
  return static_cast<uint32_t>(version >> 40);
}
inline constexpr uint32_t kVolumeEpochMax = (1u << 24) - 1;
inline constexpr uint64_t kSequenceMax = (uint64_t{1} << 40) - 1;

/// One operation on one chunk. Owned by the caller; it and its memory stay valid and unmoved until
/// `on_done` runs.
///
/// Ordering: changes of one chunk apply in the order of submission, which, but for rebases, is the
/// order of their version chain. Changes of different chunks are independent. A read sees every
/// change that completed before the read was submitted; of a change in flight it sees, per sector,
/// either side. Completion of a change means durable.
struct StoreRequest {
  enum class Kind : uint8_t {
    read,
    /// `data` replaces the range. The range must be one piece (`write_piece_sectors`).
    write,
    /// The range reads as zeroes afterwards and gives its pages back.
    zero,
    /// Deletes the volume: all chunks, all births. Only `volume` counts. Fails with `busy` while
    /// changes of the volume are in flight. Idempotent: an unknown volume is ok. The id must never
    /// be used again.
    drop_volume,
  };

  Kind kind = Kind::read;
  uint32_t pg = 0;
  uint64_t volume = 0;
  uint32_t chunk = 0;
  /// The volume's snapshot sequence when the request was made, 1 without snapshots. Never falls for
  /// a chunk.
  uint32_t birth = 1;
  /// For write and zero: `version` (not 0) and `birth` become the chunk's whatever they were
  /// before, the same and lower ones included; `prev_version` is not looked at, nothing is a
  /// duplicate. What is not in the range stays. A state that is given in several pieces should
  /// carry its version in the last piece only, and one that no writer uses in those before it.
  bool rebase = false;
  /// For changes: the chunk's next version, above `prev_version`; `prev_version` is the chunk's
  /// current version (0 if it has none). Equal to the current version: a duplicate, acknowledged
  /// again when durable. Anything else: `version_gap` or `stale_epoch`, and `version_current`
  /// tells.
  uint64_t version = 0;
  uint64_t prev_version = 0;
  uint32_t first_sector = 0;
  uint32_t n_sectors = 0;
  /// `n_sectors` sectors, aligned to 4096, not changed by anyone while the request is in flight.
  std::byte* data = nullptr;
  /// Optional for writes: the crc32c of each sector, computed where the data entered the system;
  /// verified here.
  const uint32_t* sector_crcs = nullptr;

  /// Errors: invalid_argument, version_gap, stale_epoch, no_space (nothing changed), not_found (the
  /// volume is being dropped), checksum_mismatch and corrupt (a read whose bytes cannot be
  /// trusted), io_error, store_failed, cancelled.
  Status status;
  /// The chunk's newest accepted version after this request.
  uint64_t version_current = 0;
  /// Runs on the executor's thread in its own turn, never inside `submit`.
  void (*on_done)(StoreRequest& request) = nullptr;
  void* context = nullptr;

  /// For the Store only.
  StoreRequest* next = nullptr;
  void* internal = nullptr;
};

/// Which sectors of a chunk hold data, and what it should hash to: from memory and the chunk's
/// record, without reading data. It describes one durable state: every change that completed
/// before, none that is on its way.
struct ChunkMapRequest {
  uint64_t volume = 0;
  uint32_t chunk = 0;
  uint32_t birth = 1;
  /// Optional: kChunkSectors words, filled with the crc32c of each sector that holds readable data,
  /// and with 0 for the others.
  uint32_t* crcs = nullptr;

  /// Errors: not_found (the volume is being dropped), corrupt and io_error (the record cannot be
  /// read), busy, store_failed, cancelled.
  Status status;
  /// The version of the state described, 0 if there is no chunk.
  uint64_t version = 0;
  /// One bit per sector, sector 0 in bit 0 of word 0. Sectors without it read as zeroes.
  std::array<uint64_t, kChunkSectors / 64> allocated{};
  /// Part of `allocated`: the content is known to be gone, reads fail, a write heals it.
  std::array<uint64_t, kChunkSectors / 64> lost{};
  void (*on_done)(ChunkMapRequest& request) = nullptr;
  void* context = nullptr;

  /// For the Store only.
  ChunkMapRequest* next = nullptr;
};

/// A slow operation of the whole store: format, open, close.
struct StoreOperation {
  Status status;
  void (*on_done)(StoreOperation& operation) = nullptr;
  void* context = nullptr;
};

/// How many sectors, from `first_sector` of a chunk on, one write request may carry: a writer cuts
/// a larger write into such pieces. Whole pages from 64 KiB up go straight to their place (big
/// path); everything else goes through the journal.
[[nodiscard]] uint32_t write_piece_sectors(uint32_t first_sector, uint32_t n_sectors);

}  // namespace cairn::store
