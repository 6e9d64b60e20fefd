#include "sim/model/acceptance.h"
#include "sim/model/steps.h"

namespace cairn::sim::model {

namespace {

/// Takes a write into one chunk; false when its predecessor is missing (GAP).
bool take_write(const Rules& rules, const State& state, Store& store, int id) {
  const int chunk = state.chunk[id];
  const uint8_t previous = state.previous[id];
  const bool based = store.has_base(chunk);
  Log& log = based ? store.log[chunk] : store.floating[chunk];
  if (log.has(id)) return true;
  // Below a joiner's first floating write the base is still to come.
  const bool connects = log.tip() == previous || (!based && log.empty());
  if (rules.has(Rule::kVersionChain) && !connects) return false;
  log.push(id);
  return true;
}

void deliver_steps(const Rules& rules, const State& state, Steps& steps) {
  for (int id = 1; id <= kWrites; ++id) {
    for (int store = 0; store < kStores; ++store) {
      const Stamp stamp = state.messages[id][store];
      if (stamp.empty()) continue;
      if (judge(rules, state.stores[store], stamp) != Verdict::kServe) continue;
      Store taken = state.stores[store];
      learn(rules, taken, stamp);
      if (!take_write(rules, state, taken, id)) continue;
      State& next = steps.add(state, Verb::kDeliver, id, store);
      next.stores[store] = taken;
      next.messages[id][store] = Stamp{};
      next.acks[id][store] = rules.variant.ack_epochs ? static_cast<uint8_t>(stamp.epoch()) : 1;
    }
  }
}

/// Each store follows etcd in order, at its own pace.
void observe_steps(const Rules& rules, const State& state, Steps& steps) {
  if (!rules.variant.watched_facts) return;
  for (int store = 0; store < kStores; ++store) {
    const Store& watching = state.stores[store];
    if (watching.epoch == 0) continue;
    const bool behind = watching.epoch < state.epoch;
    const int vol_epoch = behind ? state.history[watching.epoch + 1].vol_epoch : state.vol_epoch;
    if (!behind && watching.fence == vol_epoch) continue;
    Store& changed = steps.add(state, Verb::kObserve, store).stores[store];
    if (watching.fence < vol_epoch) {
      ++changed.fence;
    } else {
      ++changed.epoch;
      if (state.history[changed.epoch].joined == store + 1) wipe(changed);
    }
  }
}

/// The part of a restart that does not depend on the role: connections and RAM are gone.
State& add_restart(const State& state, Steps& steps, Verb verb, int store, int chunk, int kept) {
  State& next = steps.add(state, verb, store, chunk, kept);
  Store& changed = next.stores[store];
  ++next.restarts;
  for (auto& requests : next.messages) requests[store] = Stamp{};
  changed.epoch = state.epoch;
  changed.fence = state.vol_epoch;
  return next;
}

void restart_joiner(const Rules& rules, const State& state, int store, Steps& steps) {
  State& next = add_restart(state, steps, Verb::kRestart, store, 0, 0);
  Store& changed = next.stores[store];
  wipe(changed);
  changed.restarted = rules.has(Rule::kRestartedJoinerRejoins) ? 1 : 0;
}

void restart_in_sync(const Rules& rules, const State& state, int store, Steps& steps) {
  const uint8_t out = rules.has(Rule::kRestartedIsOut) ? 1 : 0;
  add_restart(state, steps, Verb::kRestart, store, 0, 0).stores[store].restarted = out;
  if (!rules.variant.amnesia) return;
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    const Log log = state.stores[store].log[chunk];
    for (int kept = 0; kept < log.size(); ++kept) {
      State& next = add_restart(state, steps, Verb::kRestartForgetting, store, chunk, kept);
      next.stores[store].restarted = out;
      next.stores[store].log[chunk] = log.prefix(kept);
    }
  }
}

/// Processes of members restart. The last one that serves does not, unless OPEN takes all in again
/// and no drive lies: nothing can be promised about that.
void restart_steps(const Rules& rules, const State& state, Steps& steps) {
  if (state.restarts >= rules.bounds.restarts) return;
  const bool all_may_restart = rules.variant.readmit_at_open && !rules.variant.amnesia;
  for (int store = 0; store < kStores; ++store) {
    if (state.stores[store].restarted != 0) continue;
    if (state.joining.has(store)) restart_joiner(rules, state, store, steps);
    const bool others_serve = !state.serving().without(store).empty();
    if (state.in_sync.has(store) && (others_serve || all_may_restart)) {
      restart_in_sync(rules, state, store, steps);
    }
  }
}

}  // namespace

void store_steps(const Rules& rules, const State& state, Steps& steps) {
  deliver_steps(rules, state, steps);
  observe_steps(rules, state, steps);
  restart_steps(rules, state, steps);
}

}  // namespace cairn::sim::model
