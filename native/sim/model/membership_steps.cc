// How stores leave and come back: evictions by others, joins, base copies, promotions.
#include "sim/model/acceptance.h"
#include "sim/model/steps.h"

namespace cairn::sim::model {

namespace {

int joiner_of(const State& state) {
  for (int store = 0; store < kStores; ++store) {
    if (state.joining.has(store)) return store;
  }
  return -1;
}

void evict_by_others(const Rules& rules, const State& state, Steps& steps) {
  if (!rules.variant.others_evict) return;
  for (int store = 0; store < kStores; ++store) {
    if (may_evict(rules, state, store)) {
      evict(rules, steps.add(state, Verb::kOthersEvict, store), store);
    }
  }
}

/// Puts `store` into J under the next epoch. It begins with nothing and with the epochs of that
/// moment; one that follows the watch does so when it sees that revision.
void enter(const Rules& rules, State& next, int store) {
  join(rules, next, store);
  Store& joiner = next.stores[store];
  if (!rules.variant.watched_facts || joiner.epoch == 0) {
    wipe(joiner);
    joiner.epoch = next.epoch;
    joiner.fence = rules.has(Rule::kJoinerLoadsFence) ? next.vol_epoch : 1;
  }
  if (rules.variant.ack_epochs) return;
  for (auto& acks : next.acks) acks[store] = 0;
}

void join_steps(const Rules& rules, const State& state, Steps& steps) {
  const int joining = joiner_of(state);
  if (joining >= 0) {
    const Store& joiner = state.stores[joining];
    const bool knows = joiner.epoch >= state.since[joining];
    if (joiner.restarted == 0 || !knows) return;
    enter(rules, steps.add(state, Verb::kRejoin, joining), joining);
    return;
  }
  if (state.joins >= rules.bounds.joins) return;
  for (int store = 0; store < kStores; ++store) {
    if (state.members().has(store)) continue;
    State& next = steps.add(state, Verb::kJoin, store);
    ++next.joins;
    next.transfer = Transfer{};
    enter(rules, next, store);
  }
}

/// Where messages raise epochs, the join epoch is brought to every in-sync member before a base is
/// read; returns whether all have it.
bool raise_steps(const Rules& rules, const State& state, int join_epoch, Steps& steps) {
  if (rules.variant.watched_facts) return true;
  bool raised = true;
  for (int store = 0; store < kStores; ++store) {
    if (!state.in_sync.has(store)) continue;
    const Store& member = state.stores[store];
    if (member.restarted != 0 || member.epoch >= join_epoch) continue;
    raised = false;
    State& next = steps.add(state, Verb::kRaiseEpoch, store);
    next.stores[store].epoch = static_cast<uint8_t>(join_epoch);
  }
  return raised;
}

void read_base_steps(const Rules& rules, const State& state, int joiner, Steps& steps) {
  if (state.transfer.valid != 0) return;
  const int join_epoch = state.since[joiner];
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    if (state.stores[joiner].has_base(chunk)) continue;
    for (int store = 0; store < kStores; ++store) {
      const Store& source = state.stores[store];
      if (!state.in_sync.has(store) || !source.has_base(chunk)) continue;
      if (source.restarted != 0 && rules.has(Rule::kRestartedGivesNoBase)) continue;
      const bool late = source.epoch < join_epoch && rules.has(Rule::kSourceBarrier);
      if (rules.variant.watched_facts && late) continue;
      State& next = steps.add(state, Verb::kReadBase, store, chunk);
      next.transfer = {1, static_cast<uint8_t>(chunk), source.epoch, 0, source.log[chunk]};
    }
  }
}

/// The base with the joiner's floating writes above it; false when they do not connect.
bool combine(const Rules& rules, const State& state, Store& joiner) {
  const Transfer& base = state.transfer;
  const int chunk = base.chunk;
  Log log = base.log;
  bool first = true;
  for (int index = 0; index < joiner.floating[chunk].size(); ++index) {
    const int id = joiner.floating[chunk].at(index);
    if (base.log.has(id)) continue;
    const bool connects = log.tip() == state.previous[id];
    if (first && rules.has(Rule::kVersionChain) && !connects) return false;
    first = false;
    log.push(id);
  }
  if (joiner.floor[chunk] != 0 && !log.has(joiner.floor[chunk])) return false;
  joiner.log[chunk] = log;
  joiner.floating[chunk] = Log{};
  joiner.floor[chunk] = 0;
  joiner.base = static_cast<uint8_t>(joiner.base | (1u << chunk));
  return true;
}

void install_step(const Rules& rules, const State& state, int store, Steps& steps) {
  const Transfer& base = state.transfer;
  const bool tagged = rules.has(Rule::kBaseEpochTag);
  if (tagged && base.epoch < state.stores[store].epoch) {
    steps.add(state, Verb::kRefuseBase, store).transfer = Transfer{};
    return;
  }
  Store joiner = state.stores[store];
  if (tagged && base.epoch > joiner.epoch) {
    if (rules.variant.watched_facts) return;
    joiner.epoch = base.epoch;
  }
  const bool whole = combine(rules, state, joiner);
  const Verb verb = whole ? Verb::kInstallBase : Verb::kRecopyBase;
  State& next = steps.add(state, verb, store, base.chunk);
  next.transfer = Transfer{};
  next.stores[store] = joiner;
}

void promote_step(const Rules& rules, const State& state, int store, Steps& steps) {
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    if (!state.stores[store].has_base(chunk)) return;
  }
  State& next = steps.add(state, Verb::kPromote, store);
  next.joining.remove(store);
  next.in_sync.add(store);
  next.transfer = Transfer{};
  advance_epoch(rules, next);
}

void base_steps(const Rules& rules, const State& state, Steps& steps) {
  const int joiner = joiner_of(state);
  if (joiner < 0) return;
  const Store& store = state.stores[joiner];
  const int join_epoch = state.since[joiner];
  const bool raised = raise_steps(rules, state, join_epoch, steps);
  // Before it has seen that it joined, it is not asked for anything as a joiner.
  if (store.restarted != 0 || store.epoch < join_epoch) return;
  const bool incomplete = store.base != (1u << rules.bounds.chunks) - 1;
  if ((raised || !rules.has(Rule::kSourceBarrier)) && incomplete) {
    read_base_steps(rules, state, joiner, steps);
    const bool wanted = state.transfer.valid != 0 && !store.has_base(state.transfer.chunk);
    if (wanted) install_step(rules, state, joiner, steps);
  }
  promote_step(rules, state, joiner, steps);
}

}  // namespace

void membership_steps(const Rules& rules, const State& state, Steps& steps) {
  evict_by_others(rules, state, steps);
  join_steps(rules, state, steps);
  base_steps(rules, state, steps);
}

}  // namespace cairn::sim::model
