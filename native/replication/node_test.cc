// What replication promises, one promise per test, on three simulated nodes. The cluster simulator
// (sim/) does the same at random.
#include "replication/node.h"

#include <gtest/gtest.h>

#include "replication/test_three_nodes.h"

namespace cairn::replication {
namespace {

constexpr uint64_t kMiB = uint64_t{1} << 20;
using Kind = io::BlockRequest::Kind;

TEST(Replication, ReadsBackWhatWasWritten) {
  ThreeNodes cluster(2);
  OpenVolume* volume = cluster.open(1);
  ASSERT_NE(volume, nullptr);
  for (uint64_t mib = 0; mib < 8; ++mib) {
    ASSERT_TRUE(
        cluster.write(*volume, mib * kMiB + 8192, 16384, static_cast<uint8_t>(mib + 1)).ok());
  }
  for (uint64_t mib = 0; mib < 8; ++mib) {
    cluster.expect(*volume, mib * kMiB + 8192, 16384, static_cast<uint8_t>(mib + 1));
    cluster.expect(*volume, mib * kMiB, 8192, 0);
  }
}

TEST(Replication, GoesOnWithoutAKilledStoreAndTakesItBack) {
  ThreeNodes cluster(3);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, 4 * kMiB, 1).ok());
  cluster.crash(2);
  ASSERT_TRUE(cluster.write(*volume, 4096, 4096, 2).ok());
  ASSERT_TRUE(cluster.write(*volume, 5 * kMiB, kMiB, 3).ok());
  EXPECT_FALSE(cluster.whole());
  cluster.start(2);
  ASSERT_TRUE(cluster.wait_until_whole());
  EXPECT_EQ(cluster.node(2).find_replica(2)->joiner_stats().chunks_left, 0u);
  // What it missed moved, and not much more.
  EXPECT_LE(cluster.node(2).find_replica(2)->joiner_stats().bytes_copied, 2 * kMiB);
  cluster.crash(3);
  cluster.expect(*volume, 0, 4096, 1);
  cluster.expect(*volume, 4096, 4096, 2);
  cluster.expect(*volume, 8192, 4 * kMiB - 8192, 1);
  cluster.expect(*volume, 5 * kMiB, kMiB, 3);
}

TEST(Replication, EvictsASilentStoreBeforeItAcknowledges) {
  ThreeNodes cluster(2);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, 8 * kMiB, 1).ok());
  cluster.crash(2, true);
  const io::Nanoseconds before = cluster.world().now();
  ASSERT_TRUE(cluster.write(*volume, 0, 8 * kMiB, 2).ok());
  EXPECT_LE(cluster.world().now() - before, 4 * kSecond);
  for (const PgId pg : groups_of(cluster.truth(), 2)) {
    EXPECT_EQ(cluster.truth().pg(pg)->find(2)->state, MemberState::out);
  }
  cluster.expect(*volume, 0, 8 * kMiB, 2);
}

TEST(Replication, WaitsForTheLastCopyInsteadOfFailing) {
  ThreeNodes cluster(1);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, 8 * kMiB, 1).ok());
  cluster.crash(2);
  // Chunks on the other stores go on; those on store 2 wait.
  EXPECT_EQ(cluster.write(*volume, 0, 8 * kMiB, 2).kind(), ErrorKind::timed_out);
  cluster.start(2);
  cluster.world().run_for(5 * kSecond);
  cluster.expect(*volume, 0, 8 * kMiB, 2);
}

TEST(Replication, FencesTheOldWriterWhenAnotherNodeOpens) {
  ThreeNodes cluster(2);
  OpenVolume* first = cluster.open(1);
  ASSERT_TRUE(cluster.write(*first, 0, kMiB, 1).ok());
  OpenVolume* second = cluster.open(2);
  cluster.expect(*second, 0, kMiB, 1);
  ASSERT_TRUE(cluster.write(*second, 0, 4096, 2).ok());
  EXPECT_EQ(cluster.write(*first, 4096, 4096, 3).kind(), ErrorKind::stale_epoch);
  cluster.expect(*second, 0, 4096, 2);
  cluster.expect(*second, 4096, 4096, 1);
}

TEST(Replication, FailsOverFromANodeThatLostItsPower) {
  ThreeNodes cluster(3);
  OpenVolume* first = cluster.open(1);
  ASSERT_TRUE(cluster.write(*first, 0, 2 * kMiB, 7).ok());
  cluster.crash(1, true);
  OpenVolume* second = cluster.open(3);
  cluster.expect(*second, 0, 2 * kMiB, 7);
  ASSERT_TRUE(cluster.write(*second, 0, 4096, 8).ok());
  cluster.start(1);
  ASSERT_TRUE(cluster.wait_until_whole());
}

TEST(Replication, ClosesCleanAndOpensElsewhere) {
  ThreeNodes cluster(2);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, kMiB, 4).ok());
  bool closed = false;
  cluster.node(1).close_volume(kVolume, 0, [&](const Status& status) {
    closed = true;
    EXPECT_TRUE(status.ok()) << status.message();
  });
  ASSERT_TRUE(cluster.world().run_until([&] { return closed; }, 5 * kSecond));
  EXPECT_TRUE(cluster.truth().volume(kVolume)->clean);
  EXPECT_EQ(cluster.truth().volume(kVolume)->owner, 0u);
  OpenVolume* again = cluster.open(3);
  EXPECT_EQ(again->decided(), 0u);
  cluster.expect(*again, 0, kMiB, 4);
}

TEST(Replication, SurvivesThePowerCutOfAll) {
  ThreeNodes cluster(2);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, 8 * kMiB, 5).ok());
  for (uint32_t n = 1; n <= 3; ++n) cluster.crash(n, true);
  for (uint32_t n = 1; n <= 3; ++n) cluster.start(n);
  OpenVolume* again = cluster.open(2);
  cluster.expect(*again, 0, 8 * kMiB, 5);
  EXPECT_TRUE(cluster.whole());
}

TEST(Replication, ReadsAnotherCopyAndMendsTheBadOne) {
  ThreeNodes cluster(3);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, kMiB, 6).ok());
  // Every copy of the pattern on node 1's drive goes bad.
  auto medium = cluster.disk(1).medium();
  uint64_t spoiled = 0;
  for (size_t at = 0; at + 4096 <= medium.size(); at += 4096) {
    const bool data = std::memcmp(&medium[at], &medium[at] + 1, 4095) == 0 &&
                      static_cast<uint8_t>(medium[at]) == 6;
    if (!data) continue;
    medium[at + 100] ^= std::byte{1};
    ++spoiled;
  }
  ASSERT_GE(spoiled, 256u);
  cluster.expect(*volume, 0, kMiB, 6);
  EXPECT_GE(volume->writer().stats().reads_repaired, 1u);
  cluster.world().run_for(kSecond);
  cluster.crash(2);
  cluster.crash(3);
  cluster.expect(*volume, 0, kMiB, 6);
}

TEST(Replication, GoesOnWhileEtcdIsAway) {
  ThreeNodes cluster(2);
  OpenVolume* volume = cluster.open(1);
  cluster.coordinator().set_down(true);
  for (int i = 0; i < 30; ++i) {
    ASSERT_TRUE(cluster.write(*volume, 0, 8 * kMiB, static_cast<uint8_t>(i + 1)).ok());
    cluster.world().run_for(2 * kSecond);
  }
  cluster.expect(*volume, 0, 8 * kMiB, 30);
}

TEST(Replication, DropsADeletedVolumeEverywhereAlsoWhereItWasAway) {
  ThreeNodes cluster(3);
  OpenVolume* volume = cluster.open(1);
  ASSERT_TRUE(cluster.write(*volume, 0, 4 * kMiB, 1).ok());
  cluster.crash(3);
  ASSERT_TRUE(cluster.write(*volume, 0, 4096, 2).ok());
  ASSERT_EQ(cluster.coordinator().commit_now(*delete_volume(cluster.truth(), kVolume)),
            Transaction::Outcome::committed);
  cluster.world().run_for(2 * kSecond);
  EXPECT_TRUE(volume->writer().fenced());
  EXPECT_FALSE(cluster.store(1).has_volume(kVolume));
  cluster.start(3);
  cluster.world().run_for(5 * kSecond);
  EXPECT_FALSE(cluster.store(3).has_volume(kVolume));
  EXPECT_TRUE(cluster.wait_until_whole());
}

}  // namespace
}  // namespace cairn::replication
