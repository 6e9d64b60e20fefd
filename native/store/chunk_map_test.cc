// What a store tells of its chunks from memory and records alone: maps with checksums, lists.
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

#include "base/crc32c.h"
#include "sim/store_fixture.h"
#include "store/chunk_index.h"

namespace cairn::store {
namespace {

class ChunkMap : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(f.format().ok());
    ASSERT_TRUE(f.open().ok());
  }
  /// Asks for the map of a chunk with checksums.
  Status ask(uint32_t chunk) {
    request_ = {};
    request_.volume = 1;
    request_.chunk = chunk;
    crcs_.fill(0xdead);
    request_.crcs = crcs_.data();
    bool done = false;
    request_.context = &done;
    request_.on_done = [](ChunkMapRequest& ended) { *static_cast<bool*>(ended.context) = true; };
    f.store().submit(request_);
    EXPECT_FALSE(done) << "a request ended inside submit";
    f.executor().run_until([&] { return done; });
    return request_.status;
  }
  [[nodiscard]] static uint32_t crc_of(uint64_t value) {
    std::vector<uint64_t> words(kSectorBytes / sizeof value, value);
    return crc32c(std::as_bytes(std::span(words)));
  }
  [[nodiscard]] bool allocated(uint32_t sector) const {
    return ((request_.allocated[sector / 64] >> (sector % 64)) & 1) != 0;
  }
  [[nodiscard]] bool lost(uint32_t sector) const {
    return ((request_.lost[sector / 64] >> (sector % 64)) & 1) != 0;
  }
  [[nodiscard]] std::vector<uint32_t> list(uint64_t volume, uint32_t from = 0) {
    std::vector<uint32_t> chunks;
    for (auto found = f.store().next_chunk(volume, from); found;
         found = f.store().next_chunk(volume, found->chunk + 1)) {
      EXPECT_EQ(found->version, f.store().chunk_version(volume, found->chunk));
      EXPECT_EQ(found->birth, f.store().chunk_birth(volume, found->chunk));
      chunks.push_back(found->chunk);
    }
    return chunks;
  }

  StoreFixture f;
  ChunkMapRequest request_;
  std::array<uint32_t, kChunkSectors> crcs_{};
};

TEST_F(ChunkMap, gives_the_checksum_of_each_sector_wherever_it_lies) {
  ASSERT_TRUE(f.write(1, 0, 0, 64, 11).ok());
  f.rest();
  // Above the record: one sector in the journal, whole pages in place, and zeroes.
  ASSERT_TRUE(f.write(1, 0, 3, 1, 12).ok());
  ASSERT_TRUE(f.write(1, 0, 64, 16, 13).ok());
  ASSERT_TRUE(f.zero(1, 0, 8, 4).ok());
  for (int destaged = 0; destaged < 2; ++destaged) {
    const uint64_t reads_before = f.store().stats().device_reads;
    ASSERT_TRUE(ask(0).ok());
    EXPECT_EQ(f.store().stats().device_reads, reads_before) << "read data";
    EXPECT_EQ(request_.version, f.store().chunk_version(1, 0));
    for (uint32_t sector = 0; sector < kChunkSectors; ++sector) {
      const bool holds = sector < 80 && !(sector >= 8 && sector < 12);
      const uint64_t value = sector == 3 ? 12 : sector < 64 ? 11 : 13;
      ASSERT_EQ(allocated(sector), holds) << sector;
      ASSERT_EQ(crcs_[sector], holds ? crc_of(value) : 0u) << sector;
      ASSERT_FALSE(lost(sector)) << sector;
    }
    f.rest();
  }
}

TEST_F(ChunkMap, gives_checksums_of_a_full_chunk_after_a_restart) {
  ASSERT_TRUE(f.write(1, 2, 0, 256, 21).ok());
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  ASSERT_TRUE(ask(2).ok());
  EXPECT_EQ(crcs_[0], crc_of(21));
  EXPECT_EQ(crcs_[255], crc_of(21));
  EXPECT_TRUE(allocated(255));
}

TEST_F(ChunkMap, of_a_chunk_that_does_not_exist_is_empty_at_version_0) {
  ASSERT_TRUE(ask(9).ok());
  EXPECT_EQ(request_.version, 0u);
  EXPECT_FALSE(allocated(0));
  EXPECT_EQ(crcs_[0], 0u);
}

TEST_F(ChunkMap, describes_the_durable_state_while_changes_are_on_their_way) {
  ASSERT_TRUE(f.write(1, 0, 0, 1, 31).ok());
  const uint64_t durable = f.store().chunk_version(1, 0);
  StoreRequest later = f.change(StoreRequest::Kind::zero, 1, 0, 0, 1);
  bool done = false;
  later.context = &done;
  later.on_done = [](StoreRequest& ended) { *static_cast<bool*>(ended.context) = true; };
  f.store().submit(later);
  EXPECT_GT(f.store().chunk_version(1, 0), durable);
  ASSERT_TRUE(ask(0).ok());
  ASSERT_FALSE(done);
  EXPECT_EQ(request_.version, durable);
  EXPECT_TRUE(allocated(0));
  EXPECT_EQ(crcs_[0], crc_of(31));
  f.executor().run_until([&] { return done; });
  ASSERT_TRUE(ask(0).ok());
  EXPECT_EQ(request_.version, later.version);
  EXPECT_FALSE(allocated(0));
}

TEST_F(ChunkMap, names_the_sectors_that_the_journal_lost) {
  ASSERT_TRUE(f.write(1, 0, 0, 8, 41).ok());
  f.rest();
  ASSERT_TRUE(f.write(1, 0, 2, 1, 42).ok());
  const auto ranges = f.disk().last_writes();
  ASSERT_TRUE(f.write(1, 5, 0, 1, 2).ok());
  ASSERT_TRUE(f.write(1, 5, 0, 1, 3).ok());
  f.crash();
  // The last byte of the group is payload.
  f.disk().medium()[ranges[0].offset_bytes + ranges[0].length_bytes - 1] ^= std::byte{1};
  ASSERT_TRUE(f.open().ok());
  for (int destaged = 0; destaged < 2; ++destaged) {
    ASSERT_TRUE(ask(0).ok());
    EXPECT_TRUE(lost(2));
    EXPECT_TRUE(allocated(2));
    EXPECT_EQ(crcs_[2], 0u);
    EXPECT_FALSE(lost(1));
    EXPECT_EQ(crcs_[1], crc_of(41));
    f.rest();
  }
  ASSERT_TRUE(f.write(1, 0, 2, 1, 43).ok());
  ASSERT_TRUE(ask(0).ok());
  EXPECT_FALSE(lost(2));
}

TEST_F(ChunkMap, lists_the_chunks_of_a_volume_in_order_from_any_place) {
  const std::vector<uint32_t> chunks = {0, 1, 63, 64, 1000, 70000};
  for (const uint32_t chunk : chunks) ASSERT_TRUE(f.zero(1, chunk, 0, 1).ok());
  ASSERT_TRUE(f.zero(2, 5, 0, 1).ok());
  EXPECT_EQ(list(1), chunks);
  EXPECT_EQ(list(1, 65), (std::vector<uint32_t>{1000, 70000}));
  EXPECT_EQ(list(1, 70001), std::vector<uint32_t>{});
  EXPECT_EQ(list(1, kChunksPerVolumeMax), std::vector<uint32_t>{});
  EXPECT_EQ(list(2), std::vector<uint32_t>{5});
  EXPECT_EQ(f.store().chunk_limit(1), 70001u);
  EXPECT_EQ(f.store().chunk_limit(2), 6u);
  ASSERT_TRUE(f.close().ok());
  ASSERT_TRUE(f.open().ok());
  EXPECT_EQ(list(1), chunks);
  EXPECT_EQ(f.store().chunk_limit(1), 70001u);
}

TEST_F(ChunkMap, lists_nothing_of_unknown_and_dropped_volumes) {
  ASSERT_TRUE(f.zero(1, 3, 0, 1).ok());
  ASSERT_TRUE(f.drop(1).ok());
  for (const uint64_t volume : {1u, 9u}) {
    EXPECT_EQ(list(volume), std::vector<uint32_t>{});
    EXPECT_EQ(f.store().chunk_limit(volume), 0u);
    EXPECT_EQ(f.store().chunk_birth(volume, 3), 0u);
  }
}

}  // namespace
}  // namespace cairn::store
