// Volume health: what the facts say about the copies of a volume.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "replication/facts.h"

namespace cairn::engine {

enum class VolumeHealth : uint8_t {
  healthy,     ///< All copies are there.
  rebuilding,  ///< Every group that misses copies is being filled.
  degraded,    ///< A group misses copies, and nobody makes them.
  offline,     ///< A group has no copy that can answer: part of the volume stalls.
};

[[nodiscard]] std::string_view to_text(VolumeHealth health);

/// The worst of the volume's groups. `serves` tells what is known about a store beyond the facts:
/// false if it certainly does not answer.
[[nodiscard]] VolumeHealth volume_health(const replication::Facts& facts,
                                         const replication::VolumeFact& volume,
                                         const std::function<bool(replication::StoreId)>& serves);

/// Calls `visit` with each placement group that a chunk of the volume lives in, once.
void for_each_group(const replication::Facts& facts, const replication::VolumeFact& volume,
                    const std::function<void(replication::PgId)>& visit);

}  // namespace cairn::engine
