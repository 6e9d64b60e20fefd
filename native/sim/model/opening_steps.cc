// Opening a volume: OPEN to every member, choose the longest versions, DECIDE at every member,
// active.
#include "sim/model/acceptance.h"
#include "sim/model/steps.h"

namespace cairn::sim::model {

namespace {

/// How a store treats OPEN and DECIDE: like any message, but perhaps even when restarted.
Verdict judge_opening(const Rules& rules, const Store& store, Stamp stamp) {
  if (!rules.variant.readmit_at_open) return judge(rules, store, stamp);
  Store awake = store;
  awake.restarted = 0;
  return judge(rules, awake, stamp);
}

bool may_ask(const Rules& rules, const State& state, const Writer& writer, int k, int store) {
  if (!writer.view().has(store)) return false;
  const Store& asked = state.stores[store];
  return judge_opening(rules, asked, Stamp(writer.epoch, k + 1)) == Verdict::kServe;
}

void ask_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  for (int store = 0; store < kStores; ++store) {
    if (writer.opened.has(store) || !may_ask(rules, state, writer, k, store)) continue;
    State& next = steps.add(state, Verb::kAskOpen, k, store);
    learn(rules, next.stores[store], Stamp(writer.epoch, k + 1));
    Writer& changed = next.writers[k];
    changed.opened.add(store);
    if (!rules.variant.version_lists) continue;
    const Store& asked = state.stores[store];
    for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
      const Log& log = asked.has_base(chunk) ? asked.log[chunk] : asked.floating[chunk];
      changed.replied[store][chunk] = log;
    }
  }
}

/// The versions of one chunk that a member shows to the choice, or nothing when it has none to
/// show.
const Log* shown(const Rules& rules, const State& state, const Writer& writer, int store,
                 int chunk) {
  if (rules.variant.version_lists) {
    return writer.in_sync.has(store) ? &writer.replied[store][chunk] : nullptr;
  }
  const Store& member = state.stores[store];
  return member.has_base(chunk) ? &member.log[chunk] : nullptr;
}

Log longest(const Rules& rules, const State& state, const Writer& writer, int chunk) {
  Log found;
  for (int store = 0; store < kStores; ++store) {
    if (!writer.view().has(store)) continue;
    const Log* log = shown(rules, state, writer, store, chunk);
    if (log == nullptr) continue;
    if (!rules.has(Rule::kReconcileAtOpen)) {
      if (writer.in_sync.has(store)) return *log;
    } else if (log->size() >= found.size()) {
      found = *log;
    }
  }
  return found;
}

/// Appends the joiners' floating writes that connect to `log`.
void roll_forward(const State& state, const Writer& writer, int chunk, Log& log) {
  for (int round = 0; round < 2; ++round) {
    for (int store = 0; store < kStores; ++store) {
      const Store& joiner = state.stores[store];
      if (!writer.view().has(store) || joiner.has_base(chunk)) continue;
      for (int index = 0; index < joiner.floating[chunk].size(); ++index) {
        const int id = joiner.floating[chunk].at(index);
        if (log.has(id) || state.previous[id] != log.tip()) continue;
        log.push(id);
      }
    }
  }
}

/// Whether a member's list of a chunk is not the chosen one. A joiner that lists nothing may have
/// an empty base, or none yet: either way it may lack what was chosen.
bool differs(const Rules& rules, const Writer& writer, int store, int chunk) {
  const Log& listed = writer.replied[store][chunk];
  const bool unlisted = listed.empty() && writer.joining.has(store);
  if (unlisted && !rules.has(Rule::kUnlistedCountsAsOlder)) return false;
  return listed.tip() != writer.expected[chunk].tip();
}

/// Members whose lists are the chosen ones confirm nothing.
void note_differing(const Rules& rules, Writer& writer) {
  for (int store = 0; store < kStores; ++store) {
    if (!writer.view().has(store)) continue;
    bool equal = true;
    for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
      if (!differs(rules, writer, store, chunk)) continue;
      equal = false;
      writer.differing = static_cast<uint8_t>(writer.differing | (1u << chunk));
    }
    if (equal) writer.decided.add(store);
  }
}

void choose_step(const Rules& rules, const State& state, int k, Steps& steps) {
  const bool lists = rules.variant.version_lists;
  State& next = steps.add(state, Verb::kChoose, k);
  Writer& changed = next.writers[k];
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    Log log = longest(rules, state, changed, chunk);
    if (!lists && rules.has(Rule::kRollForwardFloating)) roll_forward(state, changed, chunk, log);
    changed.expected[chunk] = log;
    changed.tip[chunk] = static_cast<uint8_t>(log.tip());
  }
  changed.chosen = 1;
  changed.decided = {};
  if (lists) note_differing(rules, changed);
  changed.replied = {};
}

/// After a clean close every member has the same versions: those of any in-sync one are taken.
void activate_clean_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  for (int store = 0; store < kStores; ++store) {
    if (!writer.in_sync.has(store) || !may_ask(rules, state, writer, k, store)) continue;
    State& next = steps.add(state, Verb::kActivateClean, k, store);
    Writer& changed = next.writers[k];
    changed.expected = state.stores[store].log;
    for (int chunk = 0; chunk < kChunks; ++chunk) {
      changed.tip[chunk] = static_cast<uint8_t>(changed.expected[chunk].tip());
    }
    changed.phase = Phase::kActive;
    changed.opened = {};
    changed.replied = {};
  }
}

/// Whether a member shows more of some chunk than was chosen.
bool has_more(const Rules& rules, const Store& member, const Writer& writer) {
  if (!rules.has(Rule::kReconcileAtOpen) || rules.variant.version_lists) return false;
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    if (member.has_base(chunk) && member.log[chunk].size() > writer.expected[chunk].size())
      return true;
  }
  return false;
}

/// What DECIDE leaves of a joiner's floating writes: those of the chosen version, if they reach it.
/// A base that is older is then refused, or it would hide that the joiner misses the version.
void decide_floating(const Rules& rules, const State& state, Store& joiner, int chunk, Log chosen) {
  const Log floating = joiner.floating[chunk];
  const bool above = !floating.empty() && state.previous[floating.at(0)] == chosen.tip();
  if (above && !rules.has(Rule::kDropFloatingAbove)) return;
  Log kept;
  for (int index = 0; index < floating.size(); ++index) {
    if (chosen.has(floating.at(index))) kept.push(floating.at(index));
  }
  joiner.floating[chunk] = kept.tip() == chosen.tip() ? kept : Log{};
  if (rules.has(Rule::kFloorForJoiners)) joiner.floor[chunk] = static_cast<uint8_t>(chosen.tip());
}

void carry_out(const Rules& rules, const State& state, const Writer& writer, Store& member) {
  member.restarted = 0;
  const bool lists = rules.variant.version_lists;
  for (int chunk = 0; chunk < rules.bounds.chunks; ++chunk) {
    if (lists && ((writer.differing >> chunk) & 1) == 0) continue;
    if (member.has_base(chunk)) {
      if (rules.has(Rule::kReconcileAtOpen)) member.log[chunk] = writer.expected[chunk];
    } else if (lists) {
      decide_floating(rules, state, member, chunk, writer.expected[chunk]);
    } else {
      member.floating[chunk] = writer.expected[chunk];
    }
  }
}

void decide_step(const Rules& rules, const State& state, int k, int store, Steps& steps) {
  const Writer& writer = state.writers[k];
  const Store& member = state.stores[store];
  const bool joiner = member.base == 0;
  const bool skipped = joiner && !rules.has(Rule::kDecideToJoiners);
  const bool longer = !skipped && has_more(rules, member, writer);
  const Verb verb = skipped ? Verb::kSkipJoiner : longer ? Verb::kChooseAgain : Verb::kDecide;
  State& next = steps.add(state, verb, k, store);
  Writer& changed = next.writers[k];
  learn(rules, next.stores[store], Stamp(writer.epoch, k + 1));
  if (longer) {
    changed.chosen = 0;
    changed.decided = {};
    return;
  }
  if (!skipped) carry_out(rules, state, writer, next.stores[store]);
  changed.decided.add(store);
}

void decide_steps(const Rules& rules, const State& state, int k, Steps& steps) {
  const Writer& writer = state.writers[k];
  if (writer.decided.has_all(writer.view()) && writer.opened.has_all(writer.view())) {
    State& next = steps.add(state, Verb::kActivate, k);
    Writer& changed = next.writers[k];
    changed.phase = Phase::kActive;
    if (!rules.variant.version_lists) return;
    changed.opened = {};
    changed.decided = {};
    changed.chosen = 0;
    changed.differing = 0;
    return;
  }
  for (int store = 0; store < kStores; ++store) {
    if (!writer.opened.has(store) || writer.decided.has(store)) continue;
    if (may_ask(rules, state, writer, k, store)) decide_step(rules, state, k, store, steps);
  }
}

}  // namespace

void opening_steps(const Rules& rules, const State& state, int writer, Steps& steps) {
  const Writer& opener = state.writers[writer];
  ask_steps(rules, state, writer, steps);
  const bool answered = opener.opened.has_all(opener.view());
  if (opener.clean != 0) {
    if (answered) activate_clean_steps(rules, state, writer, steps);
    return;
  }
  if (answered && opener.chosen == 0) choose_step(rules, state, writer, steps);
  if (opener.chosen != 0) decide_steps(rules, state, writer, steps);
}

}  // namespace cairn::sim::model
