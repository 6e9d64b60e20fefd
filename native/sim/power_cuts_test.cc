#include "sim/power_cuts.h"

#include <gtest/gtest.h>

#include "sim/corruption_sweep.h"

namespace cairn::sim {
namespace {

PowerCutReport run_seeds(uint64_t first, uint64_t count, PowerCutOptions options = {}) {
  PowerCutReport total;
  for (options.seed = first; options.seed < first + count; ++options.seed) {
    total.add(run_power_cuts(options));
  }
  return total;
}

TEST(PowerCuts, lose_no_acknowledged_write) {
  const PowerCutReport report = run_seeds(1, 40);
  EXPECT_TRUE(report.ok()) << report.first_problem;
  EXPECT_GE(report.cuts, 800u);
  EXPECT_GT(report.writes_acknowledged, report.cuts);
  EXPECT_GT(report.rebases_acknowledged, report.cuts);
}

TEST(PowerCuts, keep_what_single_seeds_once_lost) {
  // 27, 5101: a group found no contiguous room and nobody made any. 1001600: blocks skipped at the
  // ring's end counted as used. 5000191: a torn group of an earlier life was taken for its
  // replacement at the ring's start.
  // 7000964: a segment filled and closed within one round counted as empty. 9001143: a recovered
  // store, nearly full, needed more pages than the life before.
  // 20003231: a torn group completed the remains of a torn group of an earlier life.
  // 30001118: the remedy took blocks that the older checkpoint still needed.
  for (const uint64_t seed :
       {27u, 5101u, 1001600u, 5000191u, 7000964u, 9001143u, 20003231u, 30001118u}) {
    // They were found before there were rebases.
    const PowerCutReport report = run_seeds(seed, 1, {.rebases = false});
    EXPECT_TRUE(report.ok()) << report.first_problem;
  }
}

TEST(PowerCuts, are_decided_by_their_seed) {
  const PowerCutReport once = run_seeds(7, 1);
  const PowerCutReport again = run_seeds(7, 1);
  EXPECT_EQ(once.writes_acknowledged, again.writes_acknowledged);
  EXPECT_EQ(once.virtual_ns, again.virtual_ns);
}

TEST(PowerCuts, find_the_losses_of_a_drive_that_lies_about_flushes) {
  const PowerCutReport report = run_seeds(1, 20, {.lying_flush = true});
  EXPECT_FALSE(report.ok());
}

TEST(CorruptionSweep, finds_every_spoiled_block_of_a_crashed_store) {
  const CorruptionSweepReport report = run_corruption_sweep({.stride = 3});
  EXPECT_TRUE(report.ok()) << report.first_problem;
  EXPECT_GT(report.reads_refused, 0u);
}

TEST(CorruptionSweep, finds_every_spoiled_block_on_a_drive_without_a_volatile_cache) {
  CorruptionSweepOptions options;
  options.volatile_cache = false;
  options.stride = 3;
  const CorruptionSweepReport report = run_corruption_sweep(options);
  EXPECT_TRUE(report.ok()) << report.first_problem;
  EXPECT_GT(report.reads_refused, 0u);
}

TEST(CorruptionSweep, finds_every_spoiled_sector_of_a_clean_store) {
  const CorruptionSweepReport report =
      run_corruption_sweep({.clean = true, .sector_bytes = 512, .stride = 23});
  EXPECT_TRUE(report.ok()) << report.first_problem;
  EXPECT_EQ(report.last_group_losses, 0u);
}

}  // namespace
}  // namespace cairn::sim
