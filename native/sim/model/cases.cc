#include "sim/model/cases.h"

#include <algorithm>
#include <utility>

namespace cairn::sim::model {

namespace {

/// Bounds as they are written in the catalogue.
struct Size {
  int writers = 2;
  int writes = 1;
  int chunks = 1;
  int evictions = 1;
  int joins = 1;
  int restarts = 0;
};

constexpr Bounds bounds_of(const Size& size) {
  return {size.writers, size.writes, size.chunks, size.evictions, size.joins, size.restarts};
}

Rules rules_of(const Size& size, const Variant& variant, std::initializer_list<Rule> removed) {
  Rules rules{bounds_of(size), variant};
  for (const Rule rule : removed) rules.remove(rule);
  return rules;
}

/// The protocol as the engine carries it out.
constexpr Variant kEngineVariant{.ack_epochs = true,
                                 .watched_facts = true,
                                 .version_lists = true,
                                 .others_evict = false,
                                 .clean_close = false,
                                 .amnesia = false,
                                 .readmit_at_open = false};

std::string name_for(Group group, std::initializer_list<Rule> removed) {
  std::string name = group == Group::kEngineMutation ? "engine-without" : "without";
  char separator = '-';
  for (const Rule rule : removed) {
    name += separator + std::to_string(static_cast<int>(rule));
    separator = '+';
  }
  return name;
}

/// Collects the catalogue.
class Catalogue {
 public:
  void protocol(const char* about, const Size& size, bool quick) {
    add({Group::kProtocol, numbered("protocol", ++protocols_), about, rules_of(size, {}, {}),
         Outcome::kHolds, "", quick});
  }
  void extension(const char* name, const char* about, const Size& size, const Variant& variant,
                 bool quick) {
    add({Group::kExtension, name, about, rules_of(size, variant, {}), Outcome::kHolds, "", quick});
  }
  void engine(const char* name, const char* about, const Size& size, const Variant& variant,
              bool quick) {
    add({Group::kEngine, name, about, rules_of(size, variant, {}), Outcome::kHolds, "", quick});
  }
  /// A rule without which a property breaks.
  void caught(Group group, std::initializer_list<Rule> removed, const char* about,
              const Size& size = {}, const Variant& variant = {}) {
    add({group, name_for(group, removed), about, rules_of(size, variant, removed),
         Outcome::kViolated, "", true});
  }
  /// A rule that another one makes superfluous within these bounds.
  void covered(Group group, std::initializer_list<Rule> removed, const char* about,
               const char* because, bool quick = false, const Size& size = {},
               const Variant& variant = {}) {
    add({group, name_for(group, removed), about, rules_of(size, variant, removed), Outcome::kHolds,
         because, quick});
  }
  /// Tells the last case from another without the same rules.
  void name_last(const char* suffix) { cases_.back().name += suffix; }
  std::vector<Case> take() { return std::move(cases_); }

 private:
  static std::string numbered(const char* name, int number) {
    return std::string(name) + "-" + std::to_string(number);
  }
  void add(Case one) { cases_.push_back(std::move(one)); }

  std::vector<Case> cases_;
  int protocols_ = 0;
};

void add_protocol(Catalogue& all) {
  all.protocol("one write each, an eviction, a join", {}, true);
  all.protocol("two evictions", {.evictions = 2}, true);
  all.protocol("two evictions, two joins", {.evictions = 2, .joins = 2}, false);
  all.protocol("three evictions, two joins", {.evictions = 3, .joins = 2}, false);
}

void add_mutations(Catalogue& all) {
  constexpr Group kGroup = Group::kMutation;
  constexpr const char* kGuard = "the owner's guard (13) remains";
  all.caught(kGroup, {Rule::kEvictBeforeAck}, "a member is evicted in etcd before it is skipped");
  all.caught(kGroup, {Rule::kVolumeFence}, "stores refuse an older vol_epoch");
  all.caught(kGroup, {Rule::kSourceBarrier, Rule::kBaseEpochTag},
             "the source knows the join epoch, and bases carry their epoch");
  all.covered(kGroup, {Rule::kSourceBarrier}, "the source knows the join epoch",
              "the tag on base copies (12) remains");
  all.caught(kGroup, {Rule::kWritesToJoiners}, "writes go to J as well");
  all.caught(kGroup, {Rule::kReconcileAtOpen}, "an opener makes all members equal");
  all.covered(kGroup, {Rule::kJoinerLoadsFence}, "a joiner loads the vol_epoch from etcd", kGuard);
  all.caught(kGroup, {Rule::kJoinerLoadsFence, Rule::kOwnerGuard},
             "a joiner loads the vol_epoch from etcd; the owner's guard");
  all.caught(kGroup, {Rule::kVersionChain}, "a write applies only on its predecessor",
             {.writes = 2});
  all.covered(kGroup, {Rule::kEvictFromCurrentView}, "only the newest view evicts",
              "evicting is a transaction on the record, and the owner's guard (13) remains");
  all.caught(kGroup, {Rule::kDecideToJoiners}, "DECIDE goes to J as well");
  all.covered(kGroup, {Rule::kEpochsOnReads}, "reads carry epochs", kGuard);
  all.caught(kGroup, {Rule::kEpochsOnReads, Rule::kOwnerGuard},
             "reads carry epochs; the owner's guard");
  all.covered(kGroup, {Rule::kRollForwardFloating},
              "connected floating writes of J are rolled forward", kGuard);
  all.caught(kGroup, {Rule::kRollForwardFloating, Rule::kOwnerGuard},
             "connected floating writes of J are rolled forward; the owner's guard",
             {.evictions = 2});
  all.caught(kGroup, {Rule::kBaseEpochTag}, "bases carry the epoch they were read under");
  all.covered(kGroup, {Rule::kOwnerGuard}, "a writer adopts views and evicts only as the owner",
              "the rules 6, 10 and 11 remain");
}

void add_extensions(Catalogue& all) {
  all.extension("ack-epochs", "acknowledgements count by their epoch", {.evictions = 2},
                {.ack_epochs = true}, true);
  all.extension("others-evict", "the conductor and writers of other volumes evict too", {},
                {.others_evict = true}, true);
  all.extension("others-evict-2", "the same, two evictions, two joins",
                {.evictions = 2, .joins = 2}, {.others_evict = true}, false);
  all.extension("version-lists", "OPEN is a list per member, nothing is rolled forward",
                {.evictions = 2}, {.version_lists = true, .others_evict = true}, true);
  all.extension("clean-close", "close and handover: opened without DECIDE", {},
                {.clean_close = true}, true);
  all.extension("third-writer", "a third writer, with clean close", {.writers = 3, .joins = 0},
                {.clean_close = true}, true);
  all.extension("third-writer-join", "a third writer and a join", {.writers = 3}, {}, false);
  all.extension("two-chunks", "two chunks, two writes each", {.writes = 2, .chunks = 2, .joins = 0},
                {}, true);
  all.extension("two-chunks-join", "two chunks, one write each, a join", {.chunks = 2}, {}, true);
  all.extension("restart", "a process restarts; acknowledgements count by their epoch",
                {.restarts = 1}, {.ack_epochs = true}, false);
  all.extension("amnesia", "a member forgets its newest writes and restarts", {.restarts = 1},
                {.amnesia = true}, true);
  all.extension("amnesia-lists", "the same with version lists and acknowledgements by epoch",
                {.restarts = 1}, {.ack_epochs = true, .version_lists = true, .amnesia = true},
                false);
  all.extension("readmit", "every member may restart, OPEN takes them in again (honest drives)",
                {.restarts = 1},
                {.ack_epochs = true, .version_lists = true, .readmit_at_open = true}, false);
}

void add_extension_mutations(Catalogue& all) {
  constexpr Group kGroup = Group::kExtensionMutation;
  constexpr Size kRestart{.restarts = 1};
  all.caught(kGroup, {Rule::kRestartedIsOut}, "a restarted member serves nobody (lying drive)",
             kRestart, {.amnesia = true});
  all.covered(kGroup, {Rule::kRestartedIsOut}, "a restarted member serves nobody (honest drive)",
              "what was durable is still there, and the epochs come from etcd", false, kRestart);
  all.name_last("-honest");
  all.caught(kGroup, {Rule::kRestartedJoinerRejoins}, "a restarted joiner joins under a new epoch",
             kRestart, {.ack_epochs = true});
  all.caught(kGroup, {Rule::kAckSinceJoin},
             "an acknowledgement counts only since the store last joined",
             {.evictions = 1, .restarts = 1}, {.ack_epochs = true});
  all.caught(kGroup, {Rule::kRestartedGivesNoBase}, "no base is read from a restarted member",
             kRestart, {.amnesia = true});
  all.caught(kGroup, {Rule::kEvictLeavesServing}, "the last member that serves is never evicted",
             kRestart, {.amnesia = true});
  all.caught(kGroup, {}, "a member that may have forgotten comes back only under a new epoch",
             kRestart,
             {.ack_epochs = true, .version_lists = true, .amnesia = true, .readmit_at_open = true});
  all.name_last("-new-epoch");
  all.caught(kGroup, {Rule::kDrainBeforeClose}, "a writer drains before it closes", {},
             {.clean_close = true});
  all.caught(kGroup, {Rule::kOpenClearsClean}, "who opens takes the clean mark away",
             {.writers = 3, .joins = 0}, {.clean_close = true});
}

void add_engine(Catalogue& all) {
  Variant variant = kEngineVariant;
  all.engine("engine", "lists, watched facts, acknowledgements by epoch", {}, variant, true);
  all.engine("engine-chunks", "the same, two chunks", {.chunks = 2}, variant, false);
  variant.others_evict = true;
  variant.clean_close = true;
  all.engine("engine-others", "the same; others evict, clean close", {}, variant, false);
  variant = kEngineVariant;
  variant.readmit_at_open = true;
  all.engine("engine-all-restart", "every member may restart, OPEN takes them in again",
             {.joins = 0, .restarts = 2}, variant, true);
}

void add_engine_mutations(Catalogue& all) {
  constexpr Group kGroup = Group::kEngineMutation;
  const auto caught = [&all](std::initializer_list<Rule> removed, const char* about,
                             const Size& size = {}) {
    all.caught(kGroup, removed, about, size, kEngineVariant);
  };
  caught({Rule::kEvictBeforeAck}, "a member is evicted in etcd before it is skipped");
  caught({Rule::kVolumeFence}, "stores refuse an older vol_epoch");
  caught({Rule::kSourceBarrier, Rule::kBaseEpochTag},
         "the source has seen the join epoch, and bases carry their epoch");
  caught({Rule::kWritesToJoiners}, "writes go to J as well");
  caught({Rule::kReconcileAtOpen}, "an opener makes all members equal");
  caught({Rule::kVersionChain}, "a write applies only on its predecessor", {.writes = 2});
  caught({Rule::kDecideToJoiners}, "DECIDE goes to J as well");
  caught({Rule::kBaseEpochTag}, "bases carry the epoch they were read under");
  caught({Rule::kAckSinceJoin}, "an acknowledgement counts only since the store last joined");
  caught({Rule::kParkNewerMessages}, "a message with newer epochs waits for the watch");
  caught({Rule::kFloorForJoiners}, "after DECIDE a joiner refuses a base below the decision");
  caught({Rule::kDropFloatingAbove}, "DECIDE drops floating writes above the decision");
  caught({Rule::kUnlistedCountsAsOlder},
         "a joiner that lists nothing of a chunk counts as older than the choice");
  caught({Rule::kOpenPerEpoch}, "OPEN is repeated under a new epoch");
}

}  // namespace

std::vector<Case> all_cases() {
  Catalogue all;
  add_protocol(all);
  add_mutations(all);
  add_extensions(all);
  add_extension_mutations(all);
  add_engine(all);
  add_engine_mutations(all);
  return all.take();
}

Rules at_least(Rules rules, const Bounds& bounds) {
  const auto raise = [](int& value, int least) { value = std::max(value, least); };
  raise(rules.bounds.writers, bounds.writers);
  raise(rules.bounds.writes, bounds.writes);
  raise(rules.bounds.chunks, bounds.chunks);
  raise(rules.bounds.evictions, bounds.evictions);
  raise(rules.bounds.joins, bounds.joins);
  raise(rules.bounds.restarts, bounds.restarts);
  return rules;
}

const char* name_of(Group group) {
  switch (group) {
    case Group::kProtocol:
      return "protocol";
    case Group::kMutation:
      return "mutation";
    case Group::kExtension:
      return "extension";
    case Group::kExtensionMutation:
      return "extension mutation";
    case Group::kEngine:
      return "engine";
    case Group::kEngineMutation:
      return "engine mutation";
  }
  return "";
}

const char* name_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHolds:
      return "holds";
    case Outcome::kViolated:
      return "violated";
    case Outcome::kLimit:
      return "limit";
  }
  return "";
}

}  // namespace cairn::sim::model
