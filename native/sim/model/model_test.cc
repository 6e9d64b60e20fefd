#include <gtest/gtest.h>

#include <set>

#include "sim/model/cases.h"
#include "sim/model/state_set.h"

namespace cairn::sim::model {
namespace {

constexpr uint64_t kStatesMax = 1'000'000;

Rules within(int evictions, int joins) {
  Rules rules;
  rules.bounds.evictions = evictions;
  rules.bounds.joins = joins;
  return rules;
}

TEST(Log, is_a_sequence_of_writes_whose_newest_is_the_version) {
  Log log;
  EXPECT_EQ(log.tip(), 0);
  for (const int id : {3, 1, 6}) log.push(id);
  EXPECT_EQ(log.size(), 3);
  EXPECT_EQ(log.at(0), 3);
  EXPECT_EQ(log.tip(), 6);
  EXPECT_TRUE(log.has(1));
  EXPECT_FALSE(log.has(2));
  EXPECT_TRUE(log.starts_with(log.prefix(2)));
  EXPECT_FALSE(log.prefix(2).starts_with(log));
}

TEST(StateSet, tells_known_states_from_others_while_it_grows) {
  StateSet known;
  State state = initial_state(Rules{});
  for (int round = 0; round < 2; ++round) {
    for (int number = 0; number < 20'000; ++number) {
      state.chunk[1] = static_cast<uint8_t>(number & 255);
      state.chunk[2] = static_cast<uint8_t>(number >> 8);
      EXPECT_EQ(known.add(fingerprint(state), 0, Action{}), round == 0);
    }
  }
  EXPECT_EQ(known.size(), 20'000u);
}

TEST(StateSet, keeps_the_way_to_every_state) {
  StateSet known;
  for (uint32_t number = 0; number < 5; ++number) {
    const Action action{Verb::kIssue, static_cast<uint8_t>(number)};
    known.add({number, number}, number == 0 ? 0 : number - 1, action);
  }
  const std::vector<Action> trace = known.trace(4);
  ASSERT_EQ(trace.size(), 4u);
  EXPECT_EQ(trace.front().subject, 1);
  EXPECT_EQ(trace.back().subject, 4);
}

TEST(Explorer, visits_every_state_without_finding_a_violation) {
  // Counted by an independent program for the same rules.
  const Exploration found = explore(within(1, 0), kStatesMax);
  EXPECT_EQ(found.outcome, Outcome::kHolds) << found.violation;
  EXPECT_EQ(found.states, 1855u);
}

TEST(Explorer, stops_at_its_limit_and_says_so) {
  const Exploration found = explore(within(1, 1), 1000);
  EXPECT_EQ(found.outcome, Outcome::kLimit);
  EXPECT_LT(found.states, 1100u);
}

TEST(Explorer, finds_a_shortest_way_to_a_violation) {
  Rules rules = within(1, 1);
  rules.remove(Rule::kEvictBeforeAck);
  const Exploration found = explore(rules, kStatesMax);
  ASSERT_EQ(found.outcome, Outcome::kViolated);
  EXPECT_EQ(found.violation, "an acknowledged write is missing on an in-sync member");
  ASSERT_EQ(found.trace.size(), 4u);
  EXPECT_EQ(describe(found.trace.back()), "W1 acknowledges w1 to the guest");
}

TEST(Action, every_verb_has_words) {
  for (int verb = 0; verb <= static_cast<int>(Verb::kPromote); ++verb) {
    EXPECT_FALSE(describe({static_cast<Verb>(verb)}).empty()) << verb;
  }
}

TEST(Cases, have_different_names) {
  std::set<std::string> names;
  for (const Case& one : all_cases()) EXPECT_TRUE(names.insert(one.name).second) << one.name;
}

TEST(Cases, take_out_every_rule_at_least_once) {
  uint32_t removed = 0;
  for (const Case& one : all_cases()) removed |= one.rules.removed;
  for (int rule = 1; rule <= static_cast<int>(Rule::kUnlistedCountsAsOlder); ++rule) {
    EXPECT_TRUE((removed >> rule & 1u) != 0) << rule;
  }
}

TEST(Cases, have_rules_only_missing_where_a_violation_or_a_reason_is_named) {
  for (const Case& one : all_cases()) {
    const bool covered = one.rules.removed != 0 && one.expected == Outcome::kHolds;
    EXPECT_EQ(one.because.empty(), !covered) << one.name;
  }
}

}  // namespace
}  // namespace cairn::sim::model
