// What commands answer: the engine's objects as JSON.
#pragma once

#include <nlohmann/json.hpp>

#include "engine/drive.h"
#include "engine/volume.h"
#include "store/store.h"

namespace cairn::engine {

[[nodiscard]] nlohmann::json error_json(const Status& status);
[[nodiscard]] nlohmann::json identity_json(const store::StoreIdentity& identity);
[[nodiscard]] nlohmann::json store_json(Drive& drive);
[[nodiscard]] nlohmann::json store_counters_json(const store::StoreStats& stats);
[[nodiscard]] nlohmann::json volume_json(const Volume& volume);
/// volume_json with the volume's space and all its counters.
[[nodiscard]] nlohmann::json volume_stats_json(const Volume& volume,
                                               const store::VolumeUsage& usage);

}  // namespace cairn::engine
