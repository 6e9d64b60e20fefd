#include "sim/model/acceptance.h"

#include <algorithm>

namespace cairn::sim::model {

Verdict judge(const Rules& rules, const Store& store, Stamp stamp) {
  const bool fenced = rules.has(Rule::kVolumeFence);
  if (store.restarted != 0) return Verdict::kStale;
  if (stamp.epoch() < store.epoch) return Verdict::kStale;
  if (fenced && stamp.vol_epoch() < store.fence) return Verdict::kStale;
  if (rules.variant.watched_facts && rules.has(Rule::kParkNewerMessages)) {
    if (stamp.epoch() > store.epoch) return Verdict::kPark;
    if (fenced && stamp.vol_epoch() > store.fence) return Verdict::kPark;
  }
  return Verdict::kServe;
}

void learn(const Rules& rules, Store& store, Stamp stamp) {
  if (rules.variant.watched_facts) return;
  store.epoch = static_cast<uint8_t>(std::max<int>(store.epoch, stamp.epoch()));
  if (!rules.has(Rule::kVolumeFence)) return;
  store.fence = static_cast<uint8_t>(std::max<int>(store.fence, stamp.vol_epoch()));
}

void wipe(Store& store) {
  Store empty;
  empty.epoch = store.epoch;
  empty.fence = store.fence;
  store = empty;
}

void advance_epoch(const Rules& rules, State& state) {
  ++state.epoch;
  CAIRN_ASSERT(state.epoch < kEpochs);
  if (!rules.variant.watched_facts) return;
  state.history[state.epoch] = {state.in_sync, state.joining, state.vol_epoch, 0};
}

void join(const Rules& rules, State& state, int store) {
  state.joining.add(store);
  advance_epoch(rules, state);
  state.since[store] = state.epoch;
  if (!rules.variant.watched_facts) return;
  state.history[state.epoch].joined = static_cast<uint8_t>(store + 1);
}

void evict(const Rules& rules, State& state, int store) {
  if (state.joining.has(store)) state.transfer = Transfer{};
  state.in_sync.remove(store);
  state.joining.remove(store);
  ++state.evictions;
  advance_epoch(rules, state);
}

bool may_evict(const Rules& rules, const State& state, int store) {
  if (!state.members().has(store)) return false;
  if (state.evictions >= rules.bounds.evictions) return false;
  const Members left = rules.has(Rule::kEvictLeavesServing) ? state.serving() : state.in_sync;
  return !left.without(store).empty();
}

}  // namespace cairn::sim::model
