// The chunks of one volume that belong to one placement group, and which of them a store has.
#pragma once

#include <cstdint>

#include "replication/facts.h"
#include "store/store.h"

namespace cairn::replication {

/// Calls `each(chunk)` for the numbers, from `from` on, of chunks of `volume` that exist in `store`
/// and belong to group `pg`, in order, until it returns false. Only the group's residue class of
/// chunk numbers is probed.
template <typename Each>
void for_each_chunk_of_group(const store::Store& store, const Facts& facts, uint64_t volume,
                             PgId pg, uint32_t from, Each each) {
  const VolumeFact* fact = facts.volume(volume);
  const PoolFact* pool = facts.pool(pool_of(pg));
  if (fact == nullptr || pool == nullptr || fact->pool != pool_of(pg)) return;
  const uint32_t step = pool->pgs_count;
  const uint32_t first = group_of_chunk(fact->root, from, step);
  const uint64_t limit = store.chunk_limit(volume);
  const uint32_t skip = (group_of(pg) - first) & (step - 1);
  for (uint64_t chunk = uint64_t{from} + skip; chunk < limit; chunk += step) {
    if (store.chunk_version(volume, static_cast<uint32_t>(chunk)) == 0) continue;
    if (!each(static_cast<uint32_t>(chunk))) return;
  }
}

}  // namespace cairn::replication
