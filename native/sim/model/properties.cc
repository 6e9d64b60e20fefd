#include "sim/model/properties.h"

#include "sim/model/acceptance.h"

namespace cairn::sim::model {

namespace {

bool holds(const State& state, int store, int id) {
  return state.stores[store].log[state.chunk[id]].has(id);
}

const char* broken_membership(const Rules& rules, const State& state) {
  const Members serving = state.serving();
  for (int store = 0; store < kStores; ++store) {
    if (!serving.has(store)) continue;
    for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
      if (!state.stores[store].has_base(chunk)) {
        return "an in-sync member has no base";
      }
    }
    for (int id = 1; id <= kWrites; ++id) {
      if (state.is_acknowledged(id) && !holds(state, store, id)) {
        return "an acknowledged write is missing on an in-sync member";
      }
    }
  }
  return nullptr;
}

const char* lost_write(const Rules& rules, const State& state) {
  if (!state.serving().empty()) return nullptr;
  if (!rules.variant.readmit_at_open) return "no in-sync member that serves is left";
  for (int id = 1; id <= kWrites; ++id) {
    bool somewhere = !state.is_acknowledged(id);
    for (int store = 0; store < kStores; ++store) {
      somewhere = somewhere || (state.in_sync.has(store) && holds(state, store, id));
    }
    if (!somewhere) return "no in-sync member has an acknowledged write";
  }
  return nullptr;
}

bool is_pending_of(const Writer& writer, int id) {
  return writer.pending[0] == id || writer.pending[1] == id;
}

/// Whether the store would answer a read of this writer.
bool answers_read(const Rules& rules, const Store& store, Stamp stamp) {
  if (store.restarted != 0) return false;
  return !rules.has(Rule::kEpochsOnReads) || judge(rules, store, stamp) == Verdict::kServe;
}

const char* broken_read(const Log& log, const Log& expected, const Writer& writer) {
  if (!log.starts_with(expected)) return "a read from an in-sync member is stale or diverged";
  for (int index = expected.size(); index < log.size(); ++index) {
    if (!is_pending_of(writer, log.at(index))) {
      return "a read returns what the writer neither wrote nor decided";
    }
  }
  return nullptr;
}

const char* broken_for_writer(const Rules& rules, const State& state, int k) {
  const Writer& writer = state.writers[k];
  if (writer.phase != Phase::kActive || state.vol_epoch != k + 1) return nullptr;
  for (int id = 1; id <= kWrites; ++id) {
    const int chunk = state.chunk[id];
    if (state.is_acknowledged(id) && !writer.expected[chunk].has(id)) {
      return "the current writer does not know of an acknowledged write";
    }
  }
  for (int store = 0; store < kStores; ++store) {
    const Store& member = state.stores[store];
    if (!(writer.in_sync - writer.dropped).has(store)) continue;
    if (!answers_read(rules, member, Stamp(writer.epoch, k + 1))) continue;
    for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
      const char* broken = broken_read(member.log[chunk], writer.expected[chunk], writer);
      if (broken != nullptr) return broken;
    }
  }
  return nullptr;
}

}  // namespace

const char* broken_property(const Rules& rules, const State& state) {
  const char* broken = broken_membership(rules, state);
  if (broken == nullptr) broken = lost_write(rules, state);
  for (int k = 0; k < rules.bounds.writers && broken == nullptr; ++k) {
    broken = broken_for_writer(rules, state, k);
  }
  return broken;
}

}  // namespace cairn::sim::model
