// What a store does with the epochs of a message, and what everybody does to the records in etcd.
#pragma once

#include "sim/model/state.h"

namespace cairn::sim::model {

enum class Verdict : uint8_t { kServe, kPark, kStale };

/// How a store treats a request with these epochs. A restarted store refuses everything.
[[nodiscard]] Verdict judge(const Rules& rules, const Store& store, Stamp stamp);

/// A store that served a message knows its epochs, unless it only believes its own watch.
void learn(const Rules& rules, Store& store, Stamp stamp);

/// The store's copy is gone and so is its past; it keeps the epochs that it knows.
void wipe(Store& store);

/// Ends a revision of the group's record: S and J are what they become with the next epoch.
void advance_epoch(const Rules& rules, State& state);
/// Puts `store` into J as one revision.
void join(const Rules& rules, State& state, int store);
/// Takes `store` out of S and J as one revision.
void evict(const Rules& rules, State& state, int store);
/// Whether the record may lose `store`: the last member that serves never goes.
[[nodiscard]] bool may_evict(const Rules& rules, const State& state, int store);

}  // namespace cairn::sim::model
