// The steps that the world can take, by who takes them. Together they are the protocol of
// docs/internals/replication-model.md; every step is atomic, and any that is possible may be next.
#pragma once

#include "sim/model/action.h"
#include "sim/model/state.h"

namespace cairn::sim::model {

/// Every step that is possible in `state`, canonical.
void all_steps(const Rules& rules, const State& state, Steps& steps);

/// Opening, deciding, writing, evicting, closing, crashing.
void writer_steps(const Rules& rules, const State& state, Steps& steps);
/// What a writer that opens the volume does until it is active.
void opening_steps(const Rules& rules, const State& state, int writer, Steps& steps);
/// Deliveries, observations of etcd, restarts.
void store_steps(const Rules& rules, const State& state, Steps& steps);
/// Joins, base copies, promotions, evictions by others.
void membership_steps(const Rules& rules, const State& state, Steps& steps);

}  // namespace cairn::sim::model
