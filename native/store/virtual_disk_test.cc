#include "store/virtual_disk.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>

#include "sim/store_fixture.h"

namespace cairn::store {
namespace {

using Kind = io::BlockRequest::Kind;

constexpr uint64_t kVolumeBytes = 4 * kChunkBytes;

struct FreeMemory {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// One request with memory of its own, filled with one byte value.
struct Call {
  Call(Kind kind, uint64_t offset_bytes, uint64_t length_bytes, uint8_t fill = 0) {
    if (length_bytes > 0) {
      memory.reset(static_cast<std::byte*>(std::aligned_alloc(kSectorBytes, length_bytes)));
      std::memset(memory.get(), fill, length_bytes);
    }
    request.kind = kind;
    request.offset_bytes = offset_bytes;
    request.length_bytes = length_bytes;
    request.data = memory.get();
    request.context = this;
    request.on_done = [](io::BlockRequest& ended) {
      static_cast<Call*>(ended.context)->done = true;
    };
  }
  [[nodiscard]] bool holds_only(uint8_t value) const {
    const auto* bytes = reinterpret_cast<const uint8_t*>(memory.get());
    return std::all_of(bytes, bytes + request.length_bytes,
                       [&](uint8_t byte) { return byte == value; });
  }

  io::BlockRequest request;
  std::unique_ptr<std::byte, FreeMemory> memory;
  bool done = false;
};

class VirtualDiskTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(fixture_.format().ok());
    ASSERT_TRUE(fixture_.open().ok());
    attach(1);
  }
  void TearDown() override {
    fixture_.disk().power_cut();
    fixture_.executor().drop_all();
    volume_.reset();
  }

  void attach(uint32_t epoch) {
    VirtualDiskConfig config;
    config.volume = 5;
    config.size_bytes = kVolumeBytes;
    config.volume_epoch = epoch;
    config.pieces_max = 8;
    volume_ = std::make_unique<VirtualDisk>(fixture_.executor(), fixture_.store(), config);
  }
  /// Submits a request; it runs beside those already submitted.
  Call& submit(Kind kind, uint64_t offset_bytes, uint64_t length_bytes, uint8_t fill = 0) {
    Call& call = calls_.emplace_back(kind, offset_bytes, length_bytes, fill);
    volume_->submit(call.request);
    EXPECT_FALSE(call.done) << "a request ended inside submit";
    return call;
  }
  bool finish_all() {
    return fixture_.executor().run_until([&] {
      return std::all_of(calls_.begin(), calls_.end(), [](const Call& call) { return call.done; });
    });
  }
  Call& run(Kind kind, uint64_t offset_bytes, uint64_t length_bytes, uint8_t fill = 0) {
    Call& call = submit(kind, offset_bytes, length_bytes, fill);
    EXPECT_TRUE(finish_all());
    return call;
  }

  StoreFixture fixture_;
  std::unique_ptr<VirtualDisk> volume_;
  std::deque<Call> calls_;
};

TEST_F(VirtualDiskTest, reads_back_a_write_over_a_chunk_boundary) {
  ASSERT_TRUE(run(Kind::write, kChunkBytes - 12288, 40960, 7).request.status.ok());
  EXPECT_TRUE(run(Kind::read, kChunkBytes - 12288, 40960, 0).holds_only(7));
  EXPECT_TRUE(run(Kind::read, 0, kSectorBytes, 9).holds_only(0));
}

TEST_F(VirtualDiskTest, applies_overlapping_writes_in_the_order_of_their_submission) {
  for (uint8_t round = 1; round <= 40; ++round) {
    // Each covers the first half megabyte in another cut, small and large alike.
    const uint64_t offset = uint64_t{round % 3u} * kSectorBytes;
    submit(Kind::write, offset, 16 * kSectorBytes + offset, round);
  }
  ASSERT_TRUE(finish_all());
  EXPECT_TRUE(run(Kind::read, 2 * kSectorBytes, 14 * kSectorBytes).holds_only(40));
  EXPECT_GT(volume_->stats().overlap_waits, 0u);
}

TEST_F(VirtualDiskTest, ends_a_flush_in_a_turn_of_its_own) {
  EXPECT_TRUE(run(Kind::flush, 0, 0).request.status.ok());
}

TEST_F(VirtualDiskTest, trims_what_was_never_written_without_touching_the_drive) {
  const uint64_t writes_before = fixture_.disk().stats().writes;
  ASSERT_TRUE(run(Kind::trim, 0, kVolumeBytes).request.status.ok());
  EXPECT_EQ(fixture_.disk().stats().writes, writes_before);
}

TEST_F(VirtualDiskTest, reads_zeroes_after_a_trim_also_after_a_power_cut) {
  ASSERT_TRUE(run(Kind::write, 0, 2 * kChunkBytes, 3).request.status.ok());
  ASSERT_TRUE(run(Kind::trim, kChunkBytes / 2, kChunkBytes).request.status.ok());
  fixture_.disk().power_cut();
  fixture_.executor().drop_all();
  volume_.reset();
  fixture_.crash();
  ASSERT_TRUE(fixture_.open().ok());
  attach(2);
  EXPECT_TRUE(run(Kind::read, kChunkBytes / 2, kChunkBytes, 1).holds_only(0));
  EXPECT_TRUE(run(Kind::read, 0, kChunkBytes / 2).holds_only(3));
  EXPECT_TRUE(run(Kind::read, kChunkBytes * 3 / 2, kChunkBytes / 2).holds_only(3));
}

TEST_F(VirtualDiskTest, tells_which_parts_hold_data) {
  ASSERT_TRUE(run(Kind::write, kChunkBytes, 2 * kSectorBytes, 1).request.status.ok());
  ASSERT_TRUE(
      run(Kind::write, kChunkBytes + 4 * kSectorBytes, kSectorBytes, 1).request.status.ok());
  std::array<io::BlockExtent, 8> found;
  io::ExtentQuery query;
  bool done = false;
  query.length_bytes = kVolumeBytes;
  query.extents = found;
  query.context = &done;
  query.on_done = [](io::ExtentQuery& ended) { *static_cast<bool*>(ended.context) = true; };
  volume_->submit(query);
  ASSERT_TRUE(fixture_.executor().run_until([&] { return done; }));
  ASSERT_TRUE(query.status.ok());
  ASSERT_EQ(query.extents_count, 5u);
  const std::array<uint64_t, 5> lengths = {kChunkBytes, 2 * kSectorBytes, 2 * kSectorBytes,
                                           kSectorBytes, 3 * kChunkBytes - 5 * kSectorBytes};
  for (size_t i = 0; i < lengths.size(); ++i) {
    EXPECT_EQ(found[i].length_bytes, lengths[i]) << "extent " << i;
    EXPECT_EQ(found[i].allocated, i % 2 == 1) << "extent " << i;
  }
}

TEST_F(VirtualDiskTest, stops_a_query_when_its_extents_are_full) {
  for (uint64_t i = 0; i < 10; ++i) {
    ASSERT_TRUE(run(Kind::write, i * 2 * kSectorBytes, kSectorBytes, 1).request.status.ok());
  }
  std::array<io::BlockExtent, 3> found;
  io::ExtentQuery query;
  bool done = false;
  query.length_bytes = kVolumeBytes;
  query.extents = found;
  query.context = &done;
  query.on_done = [](io::ExtentQuery& ended) { *static_cast<bool*>(ended.context) = true; };
  volume_->submit(query);
  ASSERT_TRUE(fixture_.executor().run_until([&] { return done; }));
  EXPECT_EQ(query.extents_count, 3u);
}

TEST_F(VirtualDiskTest, tells_a_full_store_as_no_space_to_every_write_behind_the_first_refused) {
  // Far more than the drive holds, many at a time in the same chunks: links of later writes break
  // when an earlier one is refused, and are mended.
  VirtualDiskConfig config;
  config.volume = 6;
  config.size_bytes = 32 * kChunkBytes;
  config.volume_epoch = 1;
  volume_ = std::make_unique<VirtualDisk>(fixture_.executor(), fixture_.store(), config);
  for (uint64_t at = 0; at < config.size_bytes; at += 8 * kSectorBytes) {
    submit(Kind::write, at, 8 * kSectorBytes, 2);
  }
  ASSERT_TRUE(finish_all());
  uint64_t accepted = 0;
  uint64_t refused = 0;
  for (const Call& call : calls_) {
    const ErrorKind kind = call.request.status.kind();
    ASSERT_TRUE(kind == ErrorKind::ok || kind == ErrorKind::no_space) << to_string(kind);
    ++(kind == ErrorKind::ok ? accepted : refused);
  }
  EXPECT_GT(accepted, 0u);
  EXPECT_GT(refused, 0u);
  // Trims always work, and make room again.
  ASSERT_TRUE(run(Kind::trim, 0, config.size_bytes).request.status.ok());
  fixture_.executor().run_for(10'000'000'000);
  EXPECT_TRUE(run(Kind::write, 0, 8 * kSectorBytes, 4).request.status.ok());
}

TEST_F(VirtualDiskTest, grows_and_never_shrinks) {
  EXPECT_FALSE(volume_->resize(kVolumeBytes - kSectorBytes).ok());
  EXPECT_FALSE(volume_->resize(kVolumeBytes + 1).ok());
  ASSERT_TRUE(volume_->resize(kVolumeBytes + kChunkBytes).ok());
  ASSERT_TRUE(run(Kind::write, kVolumeBytes, kSectorBytes, 8).request.status.ok());
  EXPECT_TRUE(run(Kind::read, kVolumeBytes, kSectorBytes).holds_only(8));
}

TEST_F(VirtualDiskTest, serves_nothing_any_more_once_a_newer_writer_has_the_volume) {
  ASSERT_TRUE(run(Kind::write, 0, kSectorBytes, 1).request.status.ok());
  std::unique_ptr<VirtualDisk> other = std::move(volume_);
  attach(2);
  ASSERT_TRUE(run(Kind::write, 0, kSectorBytes, 2).request.status.ok());
  std::swap(other, volume_);
  ASSERT_TRUE(volume_->fenced().ok());
  // Several in one chunk, links among them: all end with the same status.
  for (uint64_t i = 0; i < 20; ++i) submit(Kind::write, i * 4 * kSectorBytes, kSectorBytes, 3);
  ASSERT_TRUE(finish_all());
  EXPECT_EQ(volume_->fenced().kind(), ErrorKind::stale_epoch);
  const uint64_t groups_before = fixture_.store().stats().journal_groups;
  submit(Kind::write, 2 * kChunkBytes, 2 * kChunkBytes, 3);
  submit(Kind::trim, 0, kVolumeBytes);
  submit(Kind::read, 0, kSectorBytes);
  submit(Kind::flush, 0, 0);
  std::array<io::BlockExtent, 2> found;
  io::ExtentQuery query;
  bool done = false;
  query.length_bytes = kVolumeBytes;
  query.extents = found;
  query.context = &done;
  query.on_done = [](io::ExtentQuery& ended) { *static_cast<bool*>(ended.context) = true; };
  volume_->submit(query);
  ASSERT_TRUE(finish_all() && fixture_.executor().run_until([&] { return done; }));
  EXPECT_EQ(query.status.kind(), ErrorKind::stale_epoch);
  for (size_t i = 2; i < calls_.size(); ++i) {
    EXPECT_EQ(calls_[i].request.status.kind(), ErrorKind::stale_epoch) << "request " << i;
  }
  EXPECT_EQ(fixture_.store().stats().journal_groups, groups_before);
  EXPECT_TRUE(volume_->idle());
  std::swap(other, volume_);
  EXPECT_TRUE(run(Kind::read, 0, kSectorBytes).holds_only(2));
}

}  // namespace
}  // namespace cairn::store
