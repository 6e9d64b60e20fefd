#include "engine/volume_health.h"

#include <algorithm>

#include "store/request.h"

namespace cairn::engine {

using replication::Facts;
using replication::MemberState;
using replication::PgId;
using replication::PgRecord;
using replication::StoreId;
using replication::VolumeFact;

namespace {

VolumeHealth group_health(const PgRecord* record, uint32_t replicas,
                          const std::function<bool(StoreId)>& serves) {
  if (record == nullptr) return VolumeHealth::offline;
  uint32_t copies = 0;
  bool filling = false;
  for (const auto& member : record->members) {
    if (!serves(member.store)) continue;
    copies += member.state == MemberState::in_sync ? 1u : 0u;
    filling = filling || member.state == MemberState::joining;
  }
  if (copies == 0) return VolumeHealth::offline;
  if (copies >= replicas) return VolumeHealth::healthy;
  return filling ? VolumeHealth::rebuilding : VolumeHealth::degraded;
}

}  // namespace

std::string_view to_text(VolumeHealth health) {
  switch (health) {
    case VolumeHealth::healthy:
      return "healthy";
    case VolumeHealth::rebuilding:
      return "rebuilding";
    case VolumeHealth::degraded:
      return "degraded";
    case VolumeHealth::offline:
      return "offline";
  }
  return "offline";
}

void for_each_group(const Facts& facts, const VolumeFact& volume,
                    const std::function<void(PgId)>& visit) {
  const auto* pool = facts.pool(volume.pool);
  if (pool == nullptr) return;
  const uint64_t chunks = (volume.size_bytes + store::kChunkBytes - 1) / store::kChunkBytes;
  // Consecutive chunks visit all groups before one comes again.
  const auto groups = static_cast<uint32_t>(std::min<uint64_t>(chunks, pool->pgs_count));
  for (uint32_t chunk = 0; chunk < groups; ++chunk) visit(facts.pg_of(volume, chunk));
}

VolumeHealth volume_health(const Facts& facts, const VolumeFact& volume,
                           const std::function<bool(StoreId)>& serves) {
  const auto* pool = facts.pool(volume.pool);
  if (pool == nullptr) return VolumeHealth::offline;
  VolumeHealth worst = VolumeHealth::healthy;
  for_each_group(facts, volume, [&](PgId group) {
    worst = std::max(worst, group_health(facts.pg(group), pool->replicas, serves));
  });
  return worst;
}

}  // namespace cairn::engine
