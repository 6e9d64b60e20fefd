#include "sim/sim_coordinator.h"

#include <gtest/gtest.h>

#include "replication/fact_changes.h"

namespace cairn::sim {
namespace {

using replication::Barrier;
using replication::Facts;
using replication::StoreFact;
using replication::Transaction;
using Outcome = Transaction::Outcome;

constexpr io::Nanoseconds kSecond = 1'000'000'000;

/// A transaction and whether it ended.
struct Asked {
  explicit Asked(Transaction content) : transaction(std::move(content)) {
    transaction.context = this;
    transaction.on_done = [](Transaction& ended) {
      ++static_cast<Asked*>(ended.context)->ended_count;
    };
  }
  Transaction transaction;
  int ended_count = 0;
};

struct Waited {
  Waited() {
    barrier.context = this;
    barrier.on_done = [](Barrier& ended) { ++static_cast<Waited*>(ended.context)->ended_count; };
  }
  Barrier barrier;
  int ended_count = 0;
};

class SimCoordinatorTest : public ::testing::Test {
 protected:
  SimCoordinatorTest() : world_(random_, 3), coordinator_(world_, SimCoordinatorOptions{}) {
    commit_now(1, 1);
    for (uint32_t node = 1; node <= 3; ++node) {
      clients_.push_back(&coordinator_.start(node, facts_[node]));
    }
    world_.run_for(kSecond);
  }
  ~SimCoordinatorTest() override {
    for (uint32_t node = 1; node <= 3; ++node) coordinator_.stop(node);
  }

  void commit_now(uint32_t store, uint64_t incarnation) {
    const auto change = replication::put_store(coordinator_.truth(), store, {1, incarnation});
    ASSERT_TRUE(change.has_value());
    ASSERT_EQ(coordinator_.commit_now(*change), Outcome::committed);
  }
  [[nodiscard]] Transaction change(uint32_t node, uint32_t store, uint64_t incarnation) const {
    return replication::put_store(facts_[node], store, {1, incarnation}).value();
  }
  replication::Coordinator& client(uint32_t node) { return *clients_[node - 1]; }

  SimRandom random_{7};
  World world_;
  Facts facts_[4];
  SimCoordinator coordinator_;
  std::vector<replication::Coordinator*> clients_;
};

TEST_F(SimCoordinatorTest, gives_a_starting_node_the_whole_state_at_once) {
  for (uint32_t node = 1; node <= 3; ++node) {
    ASSERT_NE(facts_[node].store(1), nullptr);
    EXPECT_EQ(facts_[node].revision(), 1u);
  }
}

TEST_F(SimCoordinatorTest, lets_one_of_two_racing_transactions_win_and_shows_it_to_all) {
  Asked first(change(1, 1, 100));
  Asked second(change(2, 1, 200));
  client(1).submit(first.transaction);
  client(2).submit(second.transaction);
  EXPECT_EQ(first.ended_count, 0);
  world_.run_for(2 * kSecond);
  ASSERT_EQ(first.ended_count, 1);
  ASSERT_EQ(second.ended_count, 1);
  const bool first_won = first.transaction.outcome == Outcome::committed;
  EXPECT_EQ((first_won ? second : first).transaction.outcome, Outcome::conflict);
  EXPECT_EQ((first_won ? first : second).transaction.revision, 2u);
  for (uint32_t node = 1; node <= 3; ++node) {
    EXPECT_EQ(facts_[node].store(1)->incarnation, first_won ? 100u : 200u);
  }
}

TEST_F(SimCoordinatorTest, delivers_every_change_in_order_though_merged) {
  struct Watch final : replication::FactsListener {
    explicit Watch(const Facts& watched) : facts(watched) {}
    void on_facts(const replication::FactChanges&) override {
      // Both stores change together, so no revision shows them different.
      if (facts.store(2)->incarnation != facts.store(3)->incarnation) ++torn;
      if (facts.store(2)->incarnation <= last) ++backwards;
      last = facts.store(2)->incarnation;
    }
    const Facts& facts;
    uint64_t last = 0;
    int torn = 0, backwards = 0;
  };
  Watch watch(facts_[1]);
  facts_[1].add_listener(watch);
  for (uint64_t i = 1; i <= 300; ++i) {
    Transaction both = *replication::put_store(coordinator_.truth(), 2, {1, i});
    both.puts.push_back(replication::put_store(coordinator_.truth(), 3, {1, i})->puts[0]);
    ASSERT_EQ(coordinator_.commit_now(both), Outcome::committed);
    world_.run_for(random_.below(2'000'000));
  }
  world_.run_for(2 * kSecond);
  EXPECT_EQ(watch.last, 300u);
  EXPECT_EQ(watch.torn, 0);
  EXPECT_EQ(watch.backwards, 0);
  EXPECT_GT(coordinator_.stats().batches_merged, 10u);
  EXPECT_EQ(facts_[1].revision(), 301u);
  facts_[1].remove_listener(watch);
}

TEST_F(SimCoordinatorTest, reaches_a_barrier_when_everything_before_it_was_seen) {
  for (int round = 0; round < 50; ++round) {
    commit_now(1, 1000 + static_cast<uint64_t>(round));
    Waited waited;
    client(2).submit(waited.barrier);
    ASSERT_TRUE(world_.run_until([&] { return waited.ended_count == 1; }, 2 * kSecond));
    ASSERT_TRUE(waited.barrier.reached);
    ASSERT_EQ(facts_[2].store(1)->incarnation, 1000 + static_cast<uint64_t>(round));
  }
}

TEST_F(SimCoordinatorTest, answers_a_cut_off_node_with_unknown_whatever_happens) {
  int happened = 0;
  for (int round = 0; round < 30; ++round) {
    coordinator_.set_reachable(1, false);
    const uint64_t incarnation = 1000 + static_cast<uint64_t>(round);
    Asked asked(change(1, 1, incarnation));
    Waited waited;
    client(1).submit(asked.transaction);
    client(1).submit(waited.barrier);
    world_.run_for(kSecond + kSecond / 10);
    ASSERT_EQ(asked.ended_count, 1);
    ASSERT_EQ(asked.transaction.outcome, Outcome::unknown);
    ASSERT_EQ(waited.ended_count, 1);
    ASSERT_FALSE(waited.barrier.reached);
    coordinator_.set_reachable(1, true);
    world_.run_for(2 * kSecond);
    if (facts_[1].store(1)->incarnation == incarnation) ++happened;
  }
  EXPECT_GT(happened, 0);
  EXPECT_LT(happened, 30);
  EXPECT_EQ(coordinator_.stats().happened_unknown, static_cast<uint64_t>(happened));
}

TEST_F(SimCoordinatorTest, stalls_a_cut_off_nodes_stream_and_goes_on_without_loss) {
  coordinator_.set_reachable(1, false);
  commit_now(2, 5);
  commit_now(3, 6);
  world_.run_for(10 * kSecond);
  EXPECT_EQ(facts_[1].revision(), 1u);
  EXPECT_EQ(facts_[2].revision(), 3u);
  coordinator_.set_reachable(1, true);
  world_.run_for(kSecond);
  EXPECT_EQ(facts_[1].revision(), 3u);
  EXPECT_EQ(facts_[1].store(2)->incarnation, 5u);
}

TEST_F(SimCoordinatorTest, decides_nothing_during_an_outage) {
  coordinator_.set_down(true);
  std::vector<std::unique_ptr<Asked>> asked;
  for (uint32_t node = 1; node <= 3; ++node) {
    asked.push_back(std::make_unique<Asked>(change(node, 1, 100 + node)));
    client(node).submit(asked.back()->transaction);
  }
  world_.run_for(60 * kSecond);
  for (const auto& each : asked) EXPECT_EQ(each->transaction.outcome, Outcome::unknown);
  EXPECT_EQ(coordinator_.truth().revision(), 1u);
}

TEST_F(SimCoordinatorTest, loses_answers_of_what_happened) {
  coordinator_.set_answer_lost_ppm(1'000'000);
  Asked asked(change(1, 1, 100));
  client(1).submit(asked.transaction);
  world_.run_for(2 * kSecond);
  EXPECT_EQ(asked.transaction.outcome, Outcome::unknown);
  EXPECT_EQ(facts_[1].store(1)->incarnation, 100u);
}

TEST_F(SimCoordinatorTest, answers_no_process_for_the_one_before_it) {
  auto asked = std::make_unique<Asked>(change(1, 1, 100));
  client(1).submit(asked->transaction);
  coordinator_.stop(1);
  asked.reset();
  Facts fresh;
  replication::Coordinator& again = coordinator_.start(1, fresh);
  Waited waited;
  again.submit(waited.barrier);
  world_.run_for(2 * kSecond);
  EXPECT_TRUE(waited.barrier.reached);
  EXPECT_EQ(fresh.store(1)->incarnation, 100u);
  coordinator_.stop(1);
  static_cast<void>(coordinator_.start(1, facts_[0]));
}

}  // namespace
}  // namespace cairn::sim
