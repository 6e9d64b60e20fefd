// Puller: copies one chunk from another store, exactly as it is there at one version.
//
// It tells the source what it has, gets the sectors that differ, and installs them as rebase
// changes of which only the last carries the source's version: a crash in between leaves the chunk
// at `mid_version`.
#pragma once

#include <cstdint>

#include "replication/awaits.h"
#include "replication/place.h"
#include "store/flow.h"

namespace cairn::replication {

struct PullOrder {
  PgId pg = 0;
  ChunkKey key;
  StoreId source = 0;
  /// Sectors whose content here is not to be trusted, whatever their checksums say.
  SectorBits distrusted{};
  /// The version of all installed pieces but the last; 0: the chunk's present one.
  uint64_t mid_version = 0;
  /// Install only if the source has this version; 0: any.
  uint64_t version = 0;
};

struct PullResult {
  enum class Outcome : uint8_t {
    installed,
    /// The source is silent, has moved on or is no source any more: try again, or another one.
    again,
    /// The source cannot read it either.
    bad_source,
    no_space,
    /// This store failed.
    failed,
  };
  Outcome outcome = Outcome::again;
  uint64_t version = 0;  ///< Of the source; 0 if the chunk does not exist there.
  uint64_t bytes = 0;    ///< That were transferred.
};

class Puller {
 public:
  Puller(const ReplicaPlace& place, const ReplicaConfig& config) : place_(place), config_(config) {}

  /// The caller keeps other changes of the chunk away meanwhile.
  [[nodiscard]] store::Flow pull(PullOrder order, PullResult& result);

 private:
  /// The source answered under the epoch that this node still believes in.
  [[nodiscard]] bool in_time(const PullOrder& order, const Reply& reply) const;
  [[nodiscard]] store::Flow install(const PullOrder& order, const SectorBits& have,
                                    const CallResult& got);

  const ReplicaPlace& place_;
  const ReplicaConfig& config_;
};

/// True if `sector`'s bit is set.
[[nodiscard]] constexpr bool has_sector(const SectorBits& bits, uint32_t sector) {
  return ((bits[sector / 64] >> (sector % 64)) & 1) != 0;
}
constexpr void add_sector(SectorBits& bits, uint32_t sector) {
  bits[sector / 64] |= uint64_t{1} << (sector % 64);
}
constexpr void remove_sector(SectorBits& bits, uint32_t sector) {
  bits[sector / 64] &= ~(uint64_t{1} << (sector % 64));
}

}  // namespace cairn::replication
