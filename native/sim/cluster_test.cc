#include "sim/cluster.h"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "sim/cluster_model.h"

namespace cairn::sim {
namespace {

ClusterReport live(uint64_t seeds_count, uint32_t faults, uint64_t first_seed = 1) {
  ClusterReport total;
  for (uint64_t seed = first_seed; seed < first_seed + seeds_count; ++seed) {
    total.add(run_cluster({.seed = seed, .faults = faults}));
  }
  return total;
}

TEST(Cluster, keeps_what_it_acknowledged_without_faults) {
  const ClusterReport report = live(3, 0);
  EXPECT_TRUE(report.ok()) << report.first_problem;
  EXPECT_GT(report.writes_acknowledged, 1000u);
  EXPECT_EQ(report.evictions, 0u);
}

/// Lives that found a bug, all of them mended.
TEST(Cluster, survives_the_lives_that_once_failed) {
  for (const uint64_t seed : {257u, 20515u, 23020u}) {
    const ClusterReport report = live(1, ~uint32_t{0}, seed);
    EXPECT_TRUE(report.ok()) << "seed " << seed << ": " << report.first_problem;
  }
}

TEST(Cluster, keeps_what_it_acknowledged_through_all_kinds_of_faults) {
  const ClusterReport report = live(40, ~uint32_t{0});
  EXPECT_TRUE(report.ok()) << report.first_problem;
  for (uint32_t kind = 0; kind < kClusterFaults; ++kind) {
    EXPECT_GT(report.faults[kind], 0u) << to_string(static_cast<ClusterFault>(kind));
  }
  EXPECT_GT(report.evictions, 10u);
  EXPECT_GT(report.groups_joined, 10u);
  EXPECT_GT(report.chunks_copied, 10u);
  EXPECT_GT(report.decided, 1u);
  EXPECT_GT(report.zombie_requests, 1u);
}

TEST(Cluster, is_decided_by_its_seed) {
  const ClusterReport first = run_cluster({.seed = 5});
  const ClusterReport again = run_cluster({.seed = 5});
  EXPECT_EQ(first.steps, again.steps);
  EXPECT_EQ(first.virtual_ns, again.virtual_ns);
  EXPECT_EQ(first.writes_acknowledged, again.writes_acknowledged);
  EXPECT_EQ(first.messages, again.messages);
  const ClusterReport other = run_cluster({.seed = 6});
  EXPECT_NE(first.steps, other.steps);
}

/// One sector of a volume, as a writer and its readers meet it.
class ClusterModelTest : public ::testing::Test {
 protected:
  Verdict read(uint64_t found, const ClusterModel::Floor& floor) {
    std::array<std::byte, 4096> bytes{};
    if (found != 0) model_.fill(found, 3, bytes);
    return model_.read(3, floor, bytes);
  }
  Verdict read(uint64_t found) { return read(found, model_.floor(3)); }

  ClusterModel model_{1, 8};
};

TEST_F(ClusterModelTest, wants_an_acknowledged_change_until_a_later_one_replaces_it) {
  model_.submitted(1, 3, 1, false);
  EXPECT_TRUE(model_.acknowledged(1, 3, 1));
  EXPECT_EQ(read(1), Verdict::allowed);
  EXPECT_EQ(read(0), Verdict::lost);
  model_.submitted(2, 3, 1, true);
  EXPECT_TRUE(model_.acknowledged(2, 3, 1));
  EXPECT_EQ(read(0), Verdict::allowed);
  EXPECT_EQ(read(1), Verdict::lost);
}

TEST_F(ClusterModelTest, allows_either_side_of_a_change_in_flight_without_deciding) {
  model_.submitted(1, 3, 1, false);
  EXPECT_EQ(read(1), Verdict::allowed);
  EXPECT_EQ(read(0), Verdict::allowed);
  EXPECT_EQ(read(1), Verdict::allowed);
}

TEST_F(ClusterModelTest, lets_the_first_quiet_read_decide_about_a_change_in_doubt) {
  model_.submitted(1, 3, 1, false);
  model_.doubted(1, 3, 1);
  ClusterModel copy = model_;
  EXPECT_EQ(read(0), Verdict::allowed);
  EXPECT_EQ(read(1), Verdict::wrong);
  EXPECT_FALSE(model_.acknowledged(1, 3, 1));
  model_ = copy;
  EXPECT_EQ(read(1), Verdict::allowed);
  EXPECT_EQ(read(0), Verdict::lost);
  EXPECT_TRUE(model_.acknowledged(1, 3, 1));
}

TEST_F(ClusterModelTest, takes_a_late_acknowledgement_of_what_was_replaced_since) {
  model_.submitted(1, 3, 1, false);
  model_.doubted(1, 3, 1);
  model_.submitted(2, 3, 1, false);
  EXPECT_TRUE(model_.acknowledged(2, 3, 1));
  EXPECT_TRUE(model_.acknowledged(1, 3, 1));
  EXPECT_EQ(read(2), Verdict::allowed);
  EXPECT_EQ(read(1), Verdict::lost);
}

TEST_F(ClusterModelTest, never_wants_to_see_what_was_not_handed_in) {
  EXPECT_EQ(read(7), Verdict::wrong);
  model_.submitted(8, 3, 1, false);
  EXPECT_TRUE(model_.acknowledged(8, 3, 1));
  model_.submitted(9, 3, 1, false);
  EXPECT_EQ(read(10), Verdict::wrong);
}

TEST_F(ClusterModelTest, judges_a_read_by_what_was_there_while_it_ran) {
  const ClusterModel::Floor before = model_.floor(3);
  model_.submitted(1, 3, 1, false);
  EXPECT_TRUE(model_.acknowledged(1, 3, 1));
  EXPECT_EQ(read(0, before), Verdict::allowed);
  EXPECT_EQ(read(1, before), Verdict::allowed);
  EXPECT_EQ(read(0), Verdict::lost);
}

}  // namespace
}  // namespace cairn::sim
