// What commands answer: the engine's objects as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/cluster.h"
#include "engine/drive.h"
#include "engine/volume.h"
#include "store/store.h"

namespace cairn::engine {

[[nodiscard]] nlohmann::json error_json(const Status& status);
[[nodiscard]] nlohmann::json identity_json(const store::StoreIdentity& identity);
[[nodiscard]] nlohmann::json store_json(Drive& drive);
[[nodiscard]] nlohmann::json store_counters_json(const store::StoreStats& stats);
[[nodiscard]] nlohmann::json volume_json(const Volume& volume);
/// volume_json with the space that it takes on this node, and all its counters.
[[nodiscard]] nlohmann::json volume_stats_json(const Volume& volume, uint64_t allocated_bytes);
/// How the copies of an open volume of a pool fare, and what its writer did.
[[nodiscard]] nlohmann::json copies_json(const Cluster& cluster, uint64_t volume_id);
[[nodiscard]] nlohmann::json replica_json(const replication::Replica& replica);
[[nodiscard]] nlohmann::json cluster_json(const Cluster& cluster);

}  // namespace cairn::engine
