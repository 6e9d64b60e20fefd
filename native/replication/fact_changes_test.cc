#include "replication/fact_changes.h"

#include <gtest/gtest.h>

namespace cairn::replication {
namespace {

constexpr uint32_t kPool = 1;
constexpr uint64_t kVolume = 7;

PgId group(uint32_t number) { return make_pg(kPool, number); }

/// Facts that change as etcd would change them: a transaction whose compares do not hold does
/// nothing.
class FactChangesTest : public ::testing::Test {
 protected:
  FactChangesTest() {
    const std::vector<std::vector<StoreId>> members(128, {1, 2, 3});
    for (const Transaction& transaction : put_pool(facts_, kPool, 3, members)) {
      EXPECT_TRUE(commit(transaction));
    }
    EXPECT_TRUE(commit(create_volume(facts_, kVolume, {.pool = kPool, .size_bytes = 4096})));
  }

  bool commit(const Transaction& transaction) {
    for (const auto& compare : transaction.compares) {
      if (facts_.key_revision(compare.key) != compare.revision) return false;
    }
    FactBatch batch{++revision_, {}, transaction.deletes};
    for (const auto& put : transaction.puts) {
      batch.puts.push_back({put.key, put.value, revision_});
    }
    EXPECT_TRUE(facts_.apply(batch).ok());
    return true;
  }
  bool commit(const std::optional<Transaction>& transaction) {
    return transaction.has_value() && commit(*transaction);
  }
  void open(NodeId node) { ASSERT_TRUE(commit(open_volume(facts_, kVolume, node))); }
  /// Takes the store out of all groups, without a guard.
  void take_out(StoreId store) {
    for (const Transaction& transaction : evict(facts_, store, 0, 0)) {
      ASSERT_TRUE(commit(transaction));
    }
  }
  [[nodiscard]] PgMember member(PgId id, StoreId store) const {
    const PgMember* found = facts_.pg(id)->find(store);
    return found == nullptr ? PgMember{} : *found;
  }
  bool join(PgId id, StoreId store) { return commit(begin_join(facts_, {&id, 1}, store)); }

  Facts facts_;
  uint64_t revision_ = 0;
};

TEST_F(FactChangesTest, evicts_a_store_from_all_its_groups_with_one_transaction_per_shard) {
  open(4);
  const auto transactions = evict(facts_, 2, kVolume, 1);
  ASSERT_EQ(transactions.size(), 2u);
  for (const Transaction& transaction : transactions) {
    EXPECT_EQ(transaction.puts.size(), 1u);
    EXPECT_EQ(transaction.compares.size(), 2u);
    EXPECT_TRUE(commit(transaction));
  }
  for (const PgId id : facts_.pgs()) {
    EXPECT_EQ(facts_.pg(id)->epoch, 2u);
    EXPECT_EQ(member(id, 2), (PgMember{2, MemberState::out, 2}));
    EXPECT_EQ(member(id, 1), (PgMember{1, MemberState::in_sync, 1}));
  }
  EXPECT_TRUE(evict(facts_, 2, kVolume, 1).empty());
}

TEST_F(FactChangesTest, never_evicts_the_last_member_in_sync) {
  take_out(2);
  take_out(3);
  EXPECT_TRUE(evict(facts_, 1, 0, 0).empty());
  // A joiner has not everything: it does not make the last one dispensable.
  ASSERT_TRUE(join(group(5), 2));
  EXPECT_TRUE(evict(facts_, 1, 0, 0).empty());
  EXPECT_EQ(member(group(5), 1).state, MemberState::in_sync);
  // The joiner itself may go.
  take_out(2);
  EXPECT_EQ(member(group(5), 2), (PgMember{2, MemberState::out, 5}));
}

TEST_F(FactChangesTest, does_not_evict_for_a_volume_that_was_taken) {
  open(4);
  const auto early = evict(facts_, 2, kVolume, 1);
  open(5);
  EXPECT_TRUE(evict(facts_, 2, kVolume, 1).empty());
  EXPECT_TRUE(evict(facts_, 2, kVolume + 1, 1).empty());
  ASSERT_FALSE(early.empty());
  for (const Transaction& transaction : early) EXPECT_FALSE(commit(transaction));
}

TEST_F(FactChangesTest, conflicts_with_any_other_change_of_the_shard) {
  const auto early = evict(facts_, 2, 0, 0);
  take_out(3);
  for (const Transaction& transaction : early) EXPECT_FALSE(commit(transaction));
}

TEST_F(FactChangesTest, joins_what_is_out_or_unknown_or_starts_over) {
  take_out(2);
  ASSERT_TRUE(join(group(1), 2));
  EXPECT_EQ(member(group(1), 2), (PgMember{2, MemberState::joining, 3}));
  EXPECT_EQ(member(group(2), 2), (PgMember{2, MemberState::out, 2}));
  ASSERT_TRUE(join(group(1), 2));
  EXPECT_EQ(member(group(1), 2), (PgMember{2, MemberState::joining, 4}));
  ASSERT_TRUE(join(group(1), 9));
  EXPECT_EQ(member(group(1), 9), (PgMember{9, MemberState::joining, 5}));
  EXPECT_EQ(member(group(1), 2), (PgMember{2, MemberState::joining, 4}));
  EXPECT_FALSE(join(group(1), 1));
}

TEST_F(FactChangesTest, joins_many_groups_of_a_shard_at_once) {
  take_out(2);
  const std::vector<PgId> groups = {group(64), group(65), group(127)};
  ASSERT_TRUE(commit(begin_join(facts_, groups, 2)));
  for (const PgId id : groups) {
    EXPECT_EQ(member(id, 2), (PgMember{2, MemberState::joining, 3}));
  }
  EXPECT_EQ(member(group(66), 2).state, MemberState::out);
}

TEST_F(FactChangesTest, joins_no_group_without_record_or_room) {
  EXPECT_FALSE(join(group(1000), 9));
  for (const StoreId store : {10u, 11u, 12u}) ASSERT_TRUE(join(group(1), store));
  EXPECT_FALSE(join(group(1), 13));
}

TEST_F(FactChangesTest, promotes_only_what_joins_since_the_named_epoch) {
  take_out(2);
  ASSERT_TRUE(join(group(1), 2));
  ASSERT_TRUE(join(group(2), 2));
  ASSERT_TRUE(join(group(2), 2));
  using Joined = std::pair<PgId, uint32_t>;
  const std::vector<Joined> joined = {{group(1), 3}, {group(2), 3}, {group(3), 2}};
  ASSERT_TRUE(commit(promote(facts_, joined, 2)));
  EXPECT_EQ(member(group(1), 2), (PgMember{2, MemberState::in_sync, 4}));
  EXPECT_EQ(member(group(2), 2), (PgMember{2, MemberState::joining, 4}));
  EXPECT_EQ(member(group(3), 2), (PgMember{2, MemberState::out, 2}));
  EXPECT_EQ(facts_.pg(group(2))->epoch, 4u);
  EXPECT_FALSE(promote(facts_, joined, 2).has_value());
}

TEST_F(FactChangesTest, forgets_only_members_that_are_out) {
  EXPECT_FALSE(remove_member(facts_, group(1), 2).has_value());
  take_out(2);
  ASSERT_TRUE(commit(remove_member(facts_, group(1), 2)));
  EXPECT_EQ(facts_.pg(group(1))->find(2), nullptr);
  EXPECT_EQ(facts_.pg(group(1))->epoch, 3u);
  EXPECT_EQ(groups_of(facts_, 2).size(), 127u);
  EXPECT_FALSE(remove_member(facts_, group(1), 2).has_value());
}

TEST_F(FactChangesTest, opens_a_volume_under_a_new_epoch_whoever_has_it) {
  open(4);
  EXPECT_EQ(facts_.volume(kVolume)->epoch, 1u);
  EXPECT_EQ(facts_.volume(kVolume)->owner, 4u);
  EXPECT_FALSE(facts_.volume(kVolume)->clean);
  open(5);
  EXPECT_EQ(facts_.volume(kVolume)->epoch, 2u);
  EXPECT_EQ(facts_.volume(kVolume)->owner, 5u);
  EXPECT_FALSE(open_volume(facts_, kVolume + 1, 5).has_value());
}

TEST_F(FactChangesTest, lets_one_of_two_openers_win) {
  const auto first = open_volume(facts_, kVolume, 4);
  const auto second = open_volume(facts_, kVolume, 5);
  EXPECT_TRUE(commit(first));
  EXPECT_FALSE(commit(second));
}

TEST_F(FactChangesTest, closes_only_for_the_writer) {
  open(4);
  EXPECT_FALSE(close_volume(facts_, kVolume, 5, 1).has_value());
  EXPECT_FALSE(close_volume(facts_, kVolume, 4, 2).has_value());
  ASSERT_TRUE(commit(close_volume(facts_, kVolume, 4, 1)));
  EXPECT_EQ(facts_.volume(kVolume)->owner, 0u);
  EXPECT_EQ(facts_.volume(kVolume)->epoch, 1u);
  EXPECT_TRUE(facts_.volume(kVolume)->clean);
  EXPECT_FALSE(close_volume(facts_, kVolume, 4, 1).has_value());
}

TEST_F(FactChangesTest, hands_over_under_the_next_epoch) {
  open(4);
  EXPECT_FALSE(hand_over(facts_, kVolume, 5, 1, 6).has_value());
  ASSERT_TRUE(commit(hand_over(facts_, kVolume, 4, 1, 6)));
  EXPECT_EQ(facts_.volume(kVolume)->owner, 6u);
  EXPECT_EQ(facts_.volume(kVolume)->epoch, 2u);
  EXPECT_TRUE(facts_.volume(kVolume)->clean);
  EXPECT_FALSE(hand_over(facts_, kVolume, 4, 1, 6).has_value());
}

TEST_F(FactChangesTest, gives_out_no_epoch_that_versions_cannot_carry) {
  VolumeFact last = *facts_.volume(kVolume);
  last.epoch = (1u << 24) - 1;
  last.owner = 4;
  ++revision_;
  ASSERT_TRUE(
      facts_.apply({revision_, {{volume_key(kVolume), encode_volume(last), revision_}}, {}}).ok());
  EXPECT_FALSE(open_volume(facts_, kVolume, 5).has_value());
  EXPECT_FALSE(hand_over(facts_, kVolume, 4, last.epoch, 5).has_value());
  EXPECT_TRUE(close_volume(facts_, kVolume, 4, last.epoch).has_value());
}

TEST_F(FactChangesTest, creates_a_volume_once_and_only_in_a_pool) {
  EXPECT_EQ(facts_.volume(kVolume)->root, kVolume);
  EXPECT_FALSE(create_volume(facts_, kVolume, {.pool = kPool, .size_bytes = 4096}).has_value());
  EXPECT_FALSE(create_volume(facts_, 8, {.pool = 2, .size_bytes = 4096}).has_value());
  EXPECT_FALSE(create_volume(facts_, 8, {.pool = kPool, .size_bytes = 4095}).has_value());
  ASSERT_TRUE(
      commit(create_volume(facts_, 8, {.pool = kPool, .size_bytes = 1 << 20, .root = kVolume})));
  EXPECT_EQ(facts_.volume(8)->root, kVolume);
  EXPECT_EQ(facts_.volume(8)->size_bytes, 1u << 20);
  EXPECT_EQ(facts_.next_volume(), 9u);
}

TEST_F(FactChangesTest, deletes_a_volume_unless_it_was_changed_meanwhile) {
  const auto early = delete_volume(facts_, kVolume);
  open(4);
  EXPECT_FALSE(commit(early));
  ASSERT_TRUE(commit(delete_volume(facts_, kVolume)));
  EXPECT_EQ(facts_.volume(kVolume), nullptr);
  EXPECT_FALSE(delete_volume(facts_, kVolume).has_value());
}

TEST_F(FactChangesTest, announces_a_store_when_something_is_new_about_it) {
  ASSERT_TRUE(commit(put_store(facts_, 1, {.node = 3, .incarnation = 5})));
  EXPECT_FALSE(put_store(facts_, 1, {.node = 3, .incarnation = 5}).has_value());
  ASSERT_TRUE(commit(put_store(facts_, 1, {.node = 3, .incarnation = 6})));
  EXPECT_EQ(facts_.store(1)->incarnation, 6u);
}

TEST_F(FactChangesTest, makes_a_large_pool_in_steps_that_may_be_begun_anew) {
  const std::vector<std::vector<StoreId>> members(kPgsPerShard * 256, {1, 2});
  const auto steps = put_pool(facts_, 2, 2, members);
  ASSERT_GT(steps.size(), 1u);
  for (const Transaction& step : steps) {
    EXPECT_LE(step.puts.size(), 128u);
    EXPECT_LE(step.compares.size(), 128u);
  }
  ASSERT_TRUE(commit(steps.front()));
  EXPECT_EQ(facts_.pool(2), nullptr);
  for (const Transaction& step : put_pool(facts_, 2, 2, members)) EXPECT_TRUE(commit(step));
  ASSERT_NE(facts_.pool(2), nullptr);
  EXPECT_EQ(facts_.pool(2)->pgs_count, members.size());
  EXPECT_EQ(facts_.pg(make_pg(2, 16383))->count(MemberState::in_sync), 2u);
  EXPECT_TRUE(put_pool(facts_, 2, 2, members).empty());
}

}  // namespace
}  // namespace cairn::replication
