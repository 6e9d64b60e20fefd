// Rebase changes: a chunk's state at an explicit version, through crashes, destage and checkpoints.
#include <gtest/gtest.h>

#include <array>

#include "sim/store_fixture.h"
#include "store/store_impl.h"

namespace cairn::store {
namespace {

using Kind = StoreRequest::Kind;

/// A store with one chunk (volume 1, chunk 0) whose first 32 sectors hold 1.
class Rebase : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(f.format().ok());
    ASSERT_TRUE(f.open().ok());
    ASSERT_TRUE(f.write(1, 0, 0, 32, 1).ok());
    tip_ = version();
  }

  StoreRequest rebase(Kind kind, uint64_t version, uint32_t first, uint32_t n) {
    StoreRequest request = f.change(kind, 1, 0, first, n);
    request.rebase = true;
    request.prev_version = ~uint64_t{0};
    request.version = version;
    return request;
  }
  Status write_at(uint64_t version, uint32_t first, uint32_t n, uint64_t value) {
    StoreRequest request = rebase(Kind::write, version, first, n);
    f.fill(value, n);
    request.data = f.memory();
    const Status status = f.run(request);
    if (status.ok()) {
      EXPECT_EQ(request.version_current, version);
    }
    return status;
  }
  [[nodiscard]] uint64_t version() { return f.store().chunk_version(1, 0); }
  void crash_and_open() {
    f.crash();
    ASSERT_TRUE(f.open().ok());
  }

  StoreFixture f;
  uint64_t tip_ = 0;
};

TEST_F(Rebase, gives_a_chunk_a_lower_version_and_keeps_what_it_does_not_name) {
  ASSERT_TRUE(write_at(1, 3, 1, 9).ok());
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(f.read(1, 0, 3).value(), 9u);
  EXPECT_EQ(f.read(1, 0, 4).value(), 1u);
  crash_and_open();
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(f.read(1, 0, 3).value(), 9u);
  EXPECT_EQ(f.read(1, 0, 4).value(), 1u);
  EXPECT_EQ(f.store().stats().suspect_chunks, 0u);
}

TEST_F(Rebase, is_no_duplicate_at_the_version_that_the_chunk_has) {
  ASSERT_TRUE(write_at(tip_, 0, 1, 5).ok());
  EXPECT_EQ(version(), tip_);
  EXPECT_EQ(f.read(1, 0, 0).value(), 5u);
  crash_and_open();
  EXPECT_EQ(version(), tip_);
  EXPECT_EQ(f.read(1, 0, 0).value(), 5u);
}

TEST_F(Rebase, makes_a_chunk_that_does_not_exist_also_by_zeroes_alone) {
  StoreRequest zero = rebase(Kind::zero, 2, 0, 256);
  zero.chunk = 7;
  ASSERT_TRUE(f.run(zero).ok());
  EXPECT_EQ(f.store().chunk_version(1, 7), 2u);
  f.rest();
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(f.store().chunk_version(1, 7), 2u);
  EXPECT_EQ(f.read(1, 7, 0).value(), 0u);
}

TEST_F(Rebase, is_refused_at_version_0) {
  EXPECT_EQ(write_at(0, 0, 1, 5).kind(), ErrorKind::invalid_argument);
  EXPECT_EQ(version(), tip_);
}

TEST_F(Rebase, is_what_the_next_change_chains_to) {
  ASSERT_TRUE(write_at(2, 0, 1, 5).ok());
  StoreRequest old = f.change(Kind::zero, 1, 0, 0, 1);
  old.prev_version = tip_;
  old.version = tip_ + 1;
  EXPECT_EQ(f.run(old).kind(), ErrorKind::version_gap);
  EXPECT_EQ(old.version_current, 2u);
  ASSERT_TRUE(f.write(1, 0, 1, 1, 6).ok());
  crash_and_open();
  EXPECT_EQ(version(), make_version(1, 0) + 1);
  EXPECT_EQ(f.read(1, 0, 0).value(), 5u);
  EXPECT_EQ(f.read(1, 0, 1).value(), 6u);
}

TEST_F(Rebase, to_a_lower_version_survives_destage_and_a_clean_stop) {
  f.rest();
  ASSERT_TRUE(write_at(1, 40, 16, 7).ok());
  f.rest();
  EXPECT_EQ(f.store().stats().journal_dirty_bytes, 0u);
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(f.read(1, 0, 40).value(), 7u);
  EXPECT_EQ(f.read(1, 0, 31).value(), 1u);
}

TEST_F(Rebase, to_a_lower_version_enters_above_an_overlay_that_is_being_destaged) {
  // The oldest overlay freezes, and the rebase arrives before its round ends.
  auto& index = f.store().internals().state.index;
  f.executor().run_until([&] {
    const ChunkEntry* entry = index.find(1, 0);
    return entry->dirty == nullptr || entry->dirty->destaging;
  });
  ASSERT_TRUE(index.find(1, 0)->dirty != nullptr && index.find(1, 0)->dirty->destaging);
  ASSERT_TRUE(write_at(1, 0, 1, 3).ok());
  f.rest();
  crash_and_open();
  EXPECT_EQ(version(), 1u);
  EXPECT_EQ(f.read(1, 0, 0).value(), 3u);
  EXPECT_EQ(f.read(1, 0, 1).value(), 1u);
}

TEST_F(Rebase, leaves_a_chunk_at_its_passing_version_until_the_last_piece_is_durable) {
  // A whole chunk given in pieces; the power goes after the second.
  const uint64_t last = make_version(3, 8);
  ASSERT_TRUE(write_at(1, 0, 16, 4).ok());
  ASSERT_TRUE(write_at(1, 16, 5, 4).ok());
  crash_and_open();
  EXPECT_EQ(version(), 1u);
  ASSERT_TRUE(write_at(1, 0, 16, 4).ok());
  ASSERT_TRUE(write_at(1, 16, 5, 4).ok());
  StoreRequest rest = rebase(Kind::zero, last, 21, 235);
  ASSERT_TRUE(f.run(rest).ok());
  crash_and_open();
  EXPECT_EQ(version(), last);
  EXPECT_EQ(f.read(1, 0, 20).value(), 4u);
  EXPECT_EQ(f.read(1, 0, 21).value(), 0u);
}

TEST_F(Rebase, may_lower_the_birth) {
  StoreRequest higher = f.change(Kind::zero, 1, 0, 0, 1);
  higher.birth = 5;
  ASSERT_TRUE(f.run(higher).ok());
  EXPECT_EQ(f.store().chunk_birth(1, 0), 5u);
  StoreRequest lower = f.change(Kind::zero, 1, 0, 0, 1);
  lower.birth = 4;
  EXPECT_EQ(f.run(lower).kind(), ErrorKind::invalid_argument);
  StoreRequest decided = rebase(Kind::zero, tip_, 0, 1);
  decided.birth = 4;
  ASSERT_TRUE(f.run(decided).ok());
  EXPECT_EQ(f.store().chunk_birth(1, 0), 4u);
  crash_and_open();
  EXPECT_EQ(f.store().chunk_birth(1, 0), 4u);
}

TEST_F(Rebase, whose_group_rotted_loses_its_sectors_and_no_others) {
  const std::array<uint64_t, 2> versions = {1, tip_};
  f.rest();
  // The groups whose headers rot hold one rebase each; their successors' digests tell which.
  for (const uint64_t given : versions) {
    ASSERT_TRUE(write_at(given, 2, 2, 8).ok());
    const auto ranges = f.disk().last_writes();
    ASSERT_TRUE(f.write(1, 5, 0, 1, 2).ok());
    ASSERT_TRUE(f.write(1, 5, 0, 1, 3).ok());
    f.crash();
    f.disk().medium()[ranges[0].offset_bytes + 8] ^= std::byte{1};
    ASSERT_TRUE(f.open().ok());
    EXPECT_EQ(f.store().stats().rotten_groups, 1u);
    EXPECT_EQ(f.store().stats().lost_sectors, 2u);
    EXPECT_EQ(f.store().stats().suspect_chunks, 0u);
    EXPECT_EQ(version(), given);
    EXPECT_EQ(f.read(1, 0, 2).status().kind(), ErrorKind::checksum_mismatch);
    EXPECT_EQ(f.read(1, 0, 1).value(), 1u);
    EXPECT_EQ(f.read(1, 0, 4).value(), 1u);
    ASSERT_TRUE(write_at(given, 2, 2, 1).ok());
    f.rest();
  }
}

}  // namespace
}  // namespace cairn::store
