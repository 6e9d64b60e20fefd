#include "store/store.h"

#include <gtest/gtest.h>

#include "sim/store_fixture.h"
#include "store/store_impl.h"
#include "store/verify.h"

namespace cairn::store {
namespace {

using Kind = StoreRequest::Kind;

void open_new(StoreFixture& f) {
  ASSERT_TRUE(f.format().ok());
  const Status opened = f.open();
  ASSERT_TRUE(opened.ok()) << opened.message();
}

TEST(Store, reads_what_was_written_small_and_big) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 5, 1, 77).ok());
  ASSERT_TRUE(f.write(1, 0, 16, 64, 88).ok());
  EXPECT_EQ(f.read(1, 0, 5).value(), 77u);
  EXPECT_EQ(f.read(1, 0, 4).value(), 0u);
  EXPECT_EQ(f.read(1, 0, 79).value(), 88u);
  EXPECT_EQ(f.read(2, 9, 9).value(), 0u);
  EXPECT_EQ(f.store().stats().writes_big, 1u);
  EXPECT_EQ(f.store().stats().writes_small, 1u);
}

TEST(Store, keeps_everything_across_a_clean_stop) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 3, 0, 256, 5).ok());
  ASSERT_TRUE(f.zero(1, 3, 100, 1).ok());
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  EXPECT_TRUE(f.store().identity().clean);
  EXPECT_EQ(f.store().stats().recovered_groups, 0u);
  EXPECT_EQ(f.read(1, 3, 99).value(), 5u);
  EXPECT_EQ(f.read(1, 3, 100).value(), 0u);
  EXPECT_EQ(f.store().volumes(), std::vector<uint64_t>{1});
}

TEST(Store, costs_one_device_write_per_durable_small_write) {
  StoreFixture f;
  f.config().checkpoint_interval_bytes = 256 << 10;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 1, 1).ok());
  const StoreStats before = f.store().stats();
  for (uint32_t i = 0; i < 10; ++i) ASSERT_TRUE(f.write(1, 0, i, 1, i).ok());
  const StoreStats after = f.store().stats();
  EXPECT_EQ(after.device_writes - before.device_writes, 10u);
  EXPECT_EQ(after.device_flushes, before.device_flushes);
}

TEST(Store, costs_one_device_read_per_cold_sector_once_the_record_is_cached) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 64, 1).ok());
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  ASSERT_TRUE(f.read(1, 0, 0).ok());
  const uint64_t before = f.store().stats().device_reads;
  ASSERT_TRUE(f.read(1, 0, 40).ok());
  EXPECT_EQ(f.store().stats().device_reads, before + 1);
}

TEST(Store, refuses_changes_that_break_the_version_chain) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 1, 1).ok());
  const uint64_t tip = f.store().chunk_version(1, 0);
  f.fill(9, 1);
  StoreRequest gap = f.change(Kind::write, 1, 0, 0, 1);
  gap.data = f.memory();
  gap.prev_version = tip + 1;
  gap.version = tip + 2;
  EXPECT_EQ(f.run(gap).kind(), ErrorKind::version_gap);
  EXPECT_EQ(gap.version_current, tip);
  StoreRequest stale = f.change(Kind::write, 1, 0, 0, 1);
  stale.data = f.memory();
  stale.version = 5;
  stale.prev_version = 4;
  EXPECT_EQ(f.run(stale).kind(), ErrorKind::stale_epoch);
  EXPECT_EQ(f.read(1, 0, 0).value(), 1u);
}

TEST(Store, acknowledges_a_duplicate_again_and_applies_it_once) {
  StoreFixture f;
  open_new(f);
  f.fill(7, 1);
  StoreRequest first = f.change(Kind::write, 1, 0, 0, 1);
  first.data = f.memory();
  StoreRequest again = first;
  ASSERT_TRUE(f.run(first).ok());
  f.fill(8, 1);
  EXPECT_TRUE(f.run(again).ok());
  EXPECT_EQ(f.read(1, 0, 0).value(), 7u);
}

TEST(Store, refuses_data_that_changed_on_its_way) {
  StoreFixture f;
  open_new(f);
  f.fill(7, 1);
  const uint32_t wrong = 1234;
  StoreRequest request = f.change(Kind::write, 1, 0, 0, 1);
  request.data = f.memory();
  request.sector_crcs = &wrong;
  EXPECT_EQ(f.run(request).kind(), ErrorKind::checksum_mismatch);
}

TEST(Store, gives_all_space_of_a_dropped_volume_back) {
  StoreFixture f;
  open_new(f);
  for (uint32_t chunk = 0; chunk < 3; ++chunk) ASSERT_TRUE(f.write(1, chunk, 0, 256, 1).ok());
  ASSERT_TRUE(f.write(1, 0, 3, 2, 9).ok());
  EXPECT_GT(f.store().capacity().allocated_bytes, 0u);
  ASSERT_TRUE(f.drop(1).ok());
  EXPECT_FALSE(f.store().has_volume(1));
  f.rest();
  EXPECT_EQ(f.store().capacity().allocated_bytes, 0u);
  EXPECT_TRUE(f.drop(1).ok());
}

TEST(Store, does_nothing_at_all_when_idle) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 20, 1).ok());
  f.rest();
  const StoreStats stats = f.store().stats();
  EXPECT_EQ(stats.journal_dirty_bytes, 0u);
  EXPECT_FALSE(f.executor().step()) << "a sleeping store has no task and no timer";
  f.crash();
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(f.store().stats().recovered_groups, 0u);
}

TEST(Store, refuses_new_data_when_full_and_still_overwrites_trims_and_drops) {
  StoreFixture f;
  open_new(f);
  uint32_t chunk = 0;
  Status status;
  while ((status = f.write(1, chunk, 0, 256, chunk + 1)).ok()) ++chunk;
  EXPECT_EQ(status.kind(), ErrorKind::no_space);
  ASSERT_GT(chunk, 2u);
  EXPECT_TRUE(f.write(1, 0, 9, 1, 99).ok());
  EXPECT_TRUE(f.write(1, 1, 0, 16, 98).ok());
  EXPECT_EQ(f.write(2, 0, 0, 256, 1).kind(), ErrorKind::no_space);
  EXPECT_EQ(f.read(1, 0, 9).value(), 99u);
  EXPECT_EQ(f.read(1, chunk - 1, 255).value(), chunk);
  ASSERT_TRUE(f.zero(1, 0, 0, 256).ok());
  f.rest();
  EXPECT_TRUE(f.write(2, 0, 0, 128, 1).ok());
  EXPECT_TRUE(f.drop(1).ok());
}

TEST(Store, stops_for_good_when_a_journal_write_fails) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 1, 1).ok());
  int calls = 0;
  f.store().set_failure_handler([](void* context, const Status&) { ++*static_cast<int*>(context); },
                                &calls);
  f.disk().fail_next(io::DiskRequest::Kind::write);
  EXPECT_EQ(f.write(1, 0, 0, 1, 2).kind(), ErrorKind::store_failed);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(f.write(1, 0, 1, 1, 2).kind(), ErrorKind::store_failed);
  EXPECT_EQ(f.read(1, 0, 0).status().kind(), ErrorKind::store_failed);
  EXPECT_EQ(f.close().kind(), ErrorKind::store_failed);
  ASSERT_TRUE(f.open().ok());
  // The failed write was never acknowledged: it may be there or not.
  EXPECT_LE(f.read(1, 0, 0).value(), 2u);
}

TEST(Store, stops_for_good_when_a_flush_fails) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 16, 1).ok());
  f.disk().fail_next(io::DiskRequest::Kind::flush);
  EXPECT_EQ(f.write(1, 0, 0, 16, 2).kind(), ErrorKind::store_failed);
  EXPECT_FALSE(f.store().failure().ok());
  f.crash();
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(f.read(1, 0, 0).value(), 1u);
}

TEST(Store, reports_a_sector_whose_bytes_rotted_and_heals_it_by_a_write) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 16, 0x5151515151515151).ok());
  ASSERT_TRUE(f.close().ok());
  const auto medium = f.disk().medium();
  const std::vector<std::byte> pattern(4096, std::byte{0x51});
  bool found = false;
  for (size_t at = 0; at < medium.size() && !found; at += 4096) {
    if (std::memcmp(medium.data() + at, pattern.data(), 4096) != 0) continue;
    medium[at + 100] ^= std::byte{1};
    found = true;
  }
  ASSERT_TRUE(found);
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(f.read(1, 0, 0).status().kind(), ErrorKind::checksum_mismatch);
  EXPECT_EQ(f.read(1, 0, 1).value(), 0x5151515151515151u);
  ASSERT_TRUE(f.write(1, 0, 0, 1, 6).ok());
  EXPECT_EQ(f.read(1, 0, 0).value(), 6u);
}

TEST(Store, survives_a_chunk_record_that_rotted) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 16, 1).ok());
  ASSERT_TRUE(f.write(1, 1, 0, 16, 2).ok());
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  auto& state = f.store().internals().state;
  const auto place = state.crec_place(*state.index.find(1, 0));
  f.disk().medium()[place.offset_bytes + place.skip_bytes + 50] ^= std::byte{1};
  EXPECT_EQ(f.read(1, 0, 3).status().kind(), ErrorKind::corrupt);
  EXPECT_EQ(f.read(1, 1, 3).value(), 2u);
  ASSERT_TRUE(f.write(1, 0, 3, 1, 5).ok());
  f.rest();
  EXPECT_EQ(f.read(1, 0, 3).value(), 5u);
  EXPECT_EQ(f.read(1, 0, 4).status().kind(), ErrorKind::checksum_mismatch);
  EXPECT_EQ(f.read(1, 0, 200).value(), 0u);
}

TEST(Store, opened_read_only_serves_recovered_data_and_writes_nothing) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 7, 1, 42).ok());
  f.crash();
  const std::vector<std::byte> before(f.disk().medium().begin(), f.disk().medium().end());
  f.config().read_only = true;
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(f.read(1, 0, 7).value(), 42u);
  EXPECT_EQ(f.write(1, 0, 7, 1, 43).kind(), ErrorKind::invalid_argument);
  ASSERT_TRUE(f.close().ok());
  EXPECT_TRUE(std::equal(before.begin(), before.end(), f.disk().medium().begin()));
}

TEST(Store, opens_only_the_store_it_was_told_to) {
  StoreFixture f;
  EXPECT_EQ(f.open().kind(), ErrorKind::not_found);
  ASSERT_TRUE(f.format().ok());
  EXPECT_EQ(f.format().kind(), ErrorKind::already_exists);
  f.config().expected_incarnation = 5;
  EXPECT_EQ(f.open().kind(), ErrorKind::wrong_identity);
  f.config().expected_incarnation = 0;
  f.config().expected_store[0] = 0xff;
  EXPECT_EQ(f.open().kind(), ErrorKind::wrong_identity);
}

TEST(Store, is_not_confused_by_what_an_earlier_format_left) {
  StoreFixture f;
  open_new(f);
  ASSERT_TRUE(f.write(1, 0, 0, 8, 1).ok());
  f.crash();
  ASSERT_TRUE(f.format(true).ok());
  ASSERT_TRUE(f.open().ok());
  EXPECT_TRUE(f.store().volumes().empty());
  EXPECT_EQ(f.read(1, 0, 0).value(), 0u);
}

TEST(Verify, finds_a_store_whole_and_names_the_sector_that_is_not) {
  StoreFixture f;
  open_new(f);
  for (uint32_t chunk = 0; chunk < 3; ++chunk) {
    ASSERT_TRUE(f.write(1, chunk, 4, 40, 0x6161616161616161).ok());
  }
  f.crash();
  f.config().read_only = true;
  ASSERT_TRUE(f.open().ok());
  {
    Verifier verifier(f.environment(), f.store());
    ASSERT_TRUE(f.complete([&](StoreOperation& op) { verifier.start(op); }).ok());
    EXPECT_TRUE(verifier.report().ok());
    EXPECT_EQ(verifier.report().chunks, 3u);
    EXPECT_EQ(verifier.report().superblock_copies_good, 4u);
  }
  const auto medium = f.disk().medium();
  const std::vector<std::byte> pattern(4096, std::byte{0x61});
  for (size_t at = medium.size() - 4096; at > 0; at -= 4096) {
    if (std::memcmp(medium.data() + at, pattern.data(), 4096) != 0) continue;
    medium[at] ^= std::byte{1};
    break;
  }
  Verifier verifier(f.environment(), f.store());
  ASSERT_TRUE(f.complete([&](StoreOperation& op) { verifier.start(op); }).ok());
  EXPECT_FALSE(verifier.report().ok());
  EXPECT_EQ(verifier.report().bad_sectors, 1u);
}

}  // namespace
}  // namespace cairn::store
