#include "sim/model/state.h"

#include <algorithm>

#include "sim/model/acceptance.h"

namespace cairn::sim::model {

namespace {

/// A writer that is gone leaves nothing but what it sent; one that is active no longer opens.
void forget_writers(State& state) {
  for (Writer& writer : state.writers) {
    if (writer.phase == Phase::kGone) {
      writer = Writer{};
      writer.phase = Phase::kGone;
    }
    if (writer.phase == Phase::kActive) writer.clean = 0;
  }
}

Members within_reach(const State& state) {
  Members reach = state.members();
  for (const Writer& writer : state.writers) {
    if (writer.alive()) reach = reach | writer.view();
  }
  return reach;
}

/// A store that nobody can reach holds nothing: it is empty when it joins again.
void forget_stores(const Rules& rules, State& state) {
  const Members reach = within_reach(state);
  for (int store = 0; store < kStores; ++store) {
    const bool member = state.members().has(store);
    if (!member || (!rules.variant.ack_epochs && !state.joining.has(store))) {
      state.since[store] = 0;
    }
    if (reach.has(store)) continue;
    state.stores[store] = Store{};
    for (int id = 1; id <= kWrites; ++id) {
      state.messages[id][store] = Stamp{};
      if (rules.has(Rule::kAckSinceJoin)) state.acks[id][store] = 0;
    }
  }
}

bool is_pending(const State& state, int id) {
  const Writer& owner = state.writers[owner_of(id)];
  return owner.phase == Phase::kActive && (owner.pending[0] == id || owner.pending[1] == id);
}

/// Acknowledgements that nobody waits for, and requests that their store will refuse.
void forget_messages(const Rules& rules, State& state) {
  for (int id = 1; id <= kWrites; ++id) {
    if (!is_pending(state, id)) state.acks[id] = {};
    for (int store = 0; store < kStores; ++store) {
      const Stamp stamp = state.messages[id][store];
      if (stamp.empty()) continue;
      if (judge(rules, state.stores[store], stamp) == Verdict::kStale) {
        state.messages[id][store] = Stamp{};
      }
    }
  }
}

/// Revisions that everybody has seen.
void forget_history(State& state) {
  int seen = state.epoch;
  for (const Store& store : state.stores) {
    if (store.epoch != 0) seen = std::min<int>(seen, store.epoch);
  }
  for (const Writer& writer : state.writers) {
    if (writer.alive()) seen = std::min<int>(seen, writer.epoch);
  }
  for (int epoch = 0; epoch <= seen; ++epoch) {
    state.history[epoch] = Revision{};
  }
}

}  // namespace

static_assert(std::has_unique_object_representations_v<State>);

Members State::serving() const {
  Members found = in_sync;
  for (int store = 0; store < kStores; ++store) {
    if (stores[store].restarted != 0) found.remove(store);
  }
  return found;
}

State initial_state(const Rules& rules) {
  CAIRN_ASSERT(rules.bounds.writers >= 1 && rules.bounds.writers <= kWriters);
  CAIRN_ASSERT(rules.bounds.writes >= 1 && rules.bounds.writes <= kWritesPerWriter);
  CAIRN_ASSERT(rules.bounds.chunks >= 1 && rules.bounds.chunks <= kChunks);
  State state;
  state.epoch = 1;
  state.vol_epoch = 1;
  state.in_sync = Members::first(2);
  if (rules.variant.ack_epochs) state.since = {1, 1, 0};
  for (int store = 0; store < 2; ++store) {
    Store& member = state.stores[store];
    member.epoch = 1;
    member.fence = 1;
    member.base = static_cast<uint8_t>((1u << rules.bounds.chunks) - 1);
  }
  Writer& writer = state.writers[0];
  writer.phase = Phase::kActive;
  writer.epoch = 1;
  writer.in_sync = state.in_sync;
  writer.since = state.since;
  canonicalise(rules, state);
  return state;
}

void canonicalise(const Rules& rules, State& state) {
  forget_writers(state);
  forget_stores(rules, state);
  forget_messages(rules, state);
  if (rules.variant.watched_facts) forget_history(state);
}

}  // namespace cairn::sim::model
