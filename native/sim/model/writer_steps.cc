#include "sim/model/acceptance.h"
#include "sim/model/steps.h"

namespace cairn::sim::model {

namespace {

/// The writer's view becomes the record as it is now.
void adopt_record(const Rules& rules, const State& state, Writer& writer) {
  writer.epoch = state.epoch;
  writer.in_sync = state.in_sync;
  writer.joining = state.joining;
  if (rules.variant.ack_epochs) writer.since = state.since;
}

/// The writer's view becomes the record of the next epoch, as the ordered watch shows it.
void adopt_next_revision(const Rules& rules, const State& state, Writer& writer) {
  const Revision& next = state.history[writer.epoch + 1];
  ++writer.epoch;
  if (rules.variant.ack_epochs) {
    for (int store = 0; store < kStores; ++store) {
      if (next.joined == store + 1) writer.since[store] = writer.epoch;
      if (!(next.in_sync | next.joining).has(store)) writer.since[store] = 0;
    }
  }
  writer.in_sync = next.in_sync;
  writer.joining = next.joining;
}

/// What a new view undoes of an opening that is under way.
void restart_decision(const Rules& rules, Writer& writer) {
  writer.decided = {};
  if (!rules.variant.version_lists || writer.phase != Phase::kOpening) return;
  if (!rules.has(Rule::kOpenPerEpoch)) return;
  writer.opened = {};
  writer.chosen = 0;
  writer.expected = {};
  writer.differing = 0;
  writer.replied = {};
}

void open_step(const Rules& rules, const State& state, int k, Steps& steps) {
  if (k == 0 || state.writers[k].phase != Phase::kUnborn) return;
  if (state.vol_epoch != k) return;
  State& next = steps.add(state, Verb::kOpen, k);
  Writer& writer = next.writers[k];
  next.vol_epoch = static_cast<uint8_t>(k + 1);
  writer.phase = Phase::kOpening;
  writer.clean = next.clean;
  if (rules.has(Rule::kOpenClearsClean)) next.clean = 0;
  adopt_record(rules, state, writer);
}

/// The vol_epoch at the revision that the writer would adopt next.
int vol_epoch_at_refresh(const Rules& rules, const State& state, const Writer& writer) {
  if (!rules.variant.watched_facts) return state.vol_epoch;
  return state.history[writer.epoch + 1].vol_epoch;
}

void refresh_step(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  if (writer.epoch == state.epoch) return;
  const bool mine = vol_epoch_at_refresh(rules, state, writer) == k + 1;
  if (rules.has(Rule::kOwnerGuard) && !mine) return;
  const bool watched = rules.variant.watched_facts;
  State& next = steps.add(state, Verb::kRefresh, k, watched ? writer.epoch + 1 : state.epoch);
  Writer& changed = next.writers[k];
  if (watched) {
    adopt_next_revision(rules, state, changed);
  } else {
    adopt_record(rules, state, changed);
  }
  restart_decision(rules, changed);
  changed.dropped = changed.dropped & changed.view();
}

void evict_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  const bool current = writer.epoch == state.epoch;
  if (!current && rules.has(Rule::kEvictFromCurrentView)) return;
  if (rules.has(Rule::kOwnerGuard) && state.vol_epoch != k + 1) return;
  for (int store = 0; store < kStores; ++store) {
    if (!may_evict(rules, state, store)) continue;
    State& next = steps.add(state, Verb::kEvict, k, store);
    evict(rules, next, store);
    adopt_record(rules, next, next.writers[k]);
    restart_decision(rules, next.writers[k]);
  }
}

void drop_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  if (rules.has(Rule::kEvictBeforeAck) || writer.phase != Phase::kActive) return;
  for (int store = 0; store < kStores; ++store) {
    if (!(writer.in_sync - writer.dropped).has(store)) continue;
    if ((writer.in_sync - writer.dropped).without(store).empty()) continue;
    State& next = steps.add(state, Verb::kDropLocally, k, store);
    next.writers[k].dropped.add(store);
  }
}

/// The members that must have a write before the guest is told.
Members needed(const Rules& rules, const Writer& writer) {
  const Members joining = rules.has(Rule::kWritesToJoiners) ? writer.joining : Members{};
  return (writer.in_sync | joining) - writer.dropped;
}

bool counts(const Rules& rules, const State& state, const Writer& writer, int id, int store) {
  const uint8_t epoch = state.acks[id][store];
  if (epoch == 0) return false;
  if (!rules.variant.ack_epochs || !rules.has(Rule::kAckSinceJoin)) return true;
  return epoch >= writer.since[store];
}

void issue_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  if (writer.issued >= rules.bounds.writes || writer.pending[1] != 0) return;
  const int id = first_write_of(k) + writer.issued;
  // Chunks are alike: the very first write goes to the first one.
  const int chunks = id == 1 ? 1 : rules.bounds.chunks;
  for (int chunk = 0; chunk < chunks; ++chunk) {
    State& next = steps.add(state, Verb::kIssue, k, id, chunk);
    Writer& changed = next.writers[k];
    auto& tip = changed.tip[chunk];
    next.chunk[id] = static_cast<uint8_t>(chunk);
    next.previous[id] = tip;
    tip = static_cast<uint8_t>(id);
    ++changed.issued;
    changed.pending[changed.pending[0] == 0 ? 0 : 1] = static_cast<uint8_t>(id);
  }
}

void send_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  const Stamp stamp(writer.epoch, k + 1);
  for (const uint8_t id : writer.pending) {
    if (id == 0) continue;
    for (int store = 0; store < kStores; ++store) {
      if (!needed(rules, writer).has(store) || counts(rules, state, writer, id, store)) continue;
      if (state.messages[id][store] == stamp) continue;
      State& next = steps.add(state, Verb::kSend, id, store);
      next.messages[id][store] = stamp;
    }
  }
}

/// Writes of one chunk are acknowledged in their order; those of two chunks in any.
void acknowledge_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  for (int place = 0; place < writer.pending.size(); ++place) {
    const uint8_t id = writer.pending[place];
    if (id == 0) continue;
    if (place > 0 && state.chunk[id] == state.chunk[writer.pending[0]]) continue;
    bool complete = true;
    for (int store = 0; store < kStores; ++store) {
      if (!needed(rules, writer).has(store)) continue;
      complete = complete && counts(rules, state, writer, id, store);
    }
    if (!complete) continue;
    State& next = steps.add(state, Verb::kAcknowledge, k, id);
    Writer& changed = next.writers[k];
    next.acknowledged = static_cast<uint8_t>(next.acknowledged | (1u << id));
    changed.expected[state.chunk[id]].push(id);
    if (place == 0) changed.pending[0] = changed.pending[1];
    changed.pending[1] = 0;
  }
}

void close_step(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  if (!rules.variant.clean_close || state.vol_epoch != k + 1) return;
  if (writer.pending[0] != 0 && rules.has(Rule::kDrainBeforeClose)) return;
  State& next = steps.add(state, Verb::kClose, k);
  next.clean = 1;
  next.writers[k].phase = Phase::kGone;
}

}  // namespace

void writer_steps(const Rules& rules, const State& state, Steps& steps) {
  for (int k = 0; k < rules.bounds.writers; ++k) {
    open_step(rules, state, k, steps);
    const Writer& writer = state.writers[k];
    if (!writer.alive()) continue;
    steps.add(state, Verb::kCrash, k).writers[k].phase = Phase::kGone;
    refresh_step(rules, state, k, steps);
    evict_steps(rules, state, k, steps);
    drop_steps(rules, state, k, steps);
    if (writer.phase == Phase::kOpening) {
      opening_steps(rules, state, k, steps);
    } else {
      issue_steps(rules, state, k, steps);
      send_steps(rules, state, k, steps);
      acknowledge_steps(rules, state, k, steps);
      close_step(rules, state, k, steps);
    }
  }
}

}  // namespace cairn::sim::model
