#include "sim/sim_disk.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <memory>

#include "sim/sim_executor.h"

namespace cairn::sim {
namespace {

constexpr uint64_t kBlock = io::kDiskBlockBytes;

SimDiskOptions small_disk() {
  SimDiskOptions options;
  options.size_bytes = 16 * kBlock;
  return options;
}

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};

/// A request with its own memory.
struct Op {
  explicit Op(io::DiskRequest::Kind kind, uint64_t offset = 0, uint8_t fill = 0,
              uint64_t length = kBlock) {
    memory.reset(static_cast<std::byte*>(std::aligned_alloc(kBlock, length)));
    std::memset(memory.get(), fill, length);
    buffer = {memory.get(), length};
    request.kind = kind;
    request.offset_bytes = offset;
    if (kind == io::DiskRequest::Kind::read || kind == io::DiskRequest::Kind::write) {
      request.buffers = {&buffer, 1};
    }
    request.context = this;
    request.on_done = [](io::DiskRequest& request_done) {
      static_cast<Op*>(request_done.context)->done = true;
    };
  }
  std::unique_ptr<std::byte, Free> memory;
  iovec buffer{};
  io::DiskRequest request;
  bool done = false;
};

struct SimDiskTest : testing::Test {
  SimDisk& make(const SimDiskOptions& options) {
    disk = std::make_unique<SimDisk>(executor, random, options);
    return *disk;
  }
  bool run(Op& op) {
    disk->submit(op.request);
    return executor.run_until([&] { return op.done; });
  }
  uint8_t byte_at(uint64_t offset) { return static_cast<uint8_t>(disk->medium()[offset]); }

  SimExecutor executor;
  SimRandom random{7};
  std::unique_ptr<SimDisk> disk;
};

TEST_F(SimDiskTest, keeps_a_flushed_write_through_every_power_cut) {
  make(small_disk());
  Op write(io::DiskRequest::Kind::write, kBlock, 1);
  Op flush(io::DiskRequest::Kind::flush);
  ASSERT_TRUE(run(write));
  ASSERT_TRUE(run(flush));
  for (int cut = 0; cut < 100; ++cut) {
    Op later(io::DiskRequest::Kind::write, kBlock * 2, 9);
    ASSERT_TRUE(run(later));
    disk->power_cut();
    EXPECT_EQ(byte_at(kBlock), 1);
  }
}

TEST_F(SimDiskTest, loses_and_tears_unflushed_writes) {
  make(small_disk());
  int kept = 0, lost = 0, torn = 0;
  for (int life = 0; life < 200; ++life) {
    std::memset(disk->medium().data(), 0, kBlock);
    Op write(io::DiskRequest::Kind::write, 0, 1);
    ASSERT_TRUE(run(write));
    disk->power_cut();
    int sectors = 0;
    for (uint64_t at = 0; at < kBlock; at += kSimSectorBytes) sectors += byte_at(at);
    (sectors == 8 ? kept : sectors == 0 ? lost : torn) += 1;
  }
  EXPECT_GT(kept, 20);
  EXPECT_GT(lost, 20);
  EXPECT_GT(torn, 20);
}

TEST_F(SimDiskTest, keeps_a_durable_write_over_an_unflushed_one_of_the_same_block) {
  make(small_disk());
  for (int life = 0; life < 100; ++life) {
    Op volatile_write(io::DiskRequest::Kind::write, 0, 1);
    Op durable_write(io::DiskRequest::Kind::write, 0, 2);
    durable_write.request.durable = true;
    ASSERT_TRUE(run(volatile_write));
    ASSERT_TRUE(run(durable_write));
    disk->power_cut();
    for (uint64_t at = 0; at < kBlock; at += kSimSectorBytes) EXPECT_EQ(byte_at(at), 2);
  }
}

TEST_F(SimDiskTest, a_flush_covers_only_what_completed_before_it_was_submitted) {
  SimDiskOptions options = small_disk();
  options.latency_ns_min = 10;
  options.latency_ns_max = 1000;
  make(options);
  bool lost_once = false;
  for (int life = 0; life < 300 && !lost_once; ++life) {
    std::memset(disk->medium().data(), 0, kBlock);
    Op write(io::DiskRequest::Kind::write, 0, 1);
    Op flush(io::DiskRequest::Kind::flush);
    disk->submit(flush.request);
    disk->submit(write.request);
    ASSERT_TRUE(executor.run_until([&] { return write.done && flush.done; }));
    disk->power_cut();
    lost_once = byte_at(0) == 0;
  }
  EXPECT_TRUE(lost_once);
}

TEST_F(SimDiskTest, completes_nothing_after_the_power_is_lost) {
  make(small_disk());
  disk->cut_power_after(1);
  Op first(io::DiskRequest::Kind::write, 0, 1);
  Op second(io::DiskRequest::Kind::write, kBlock, 1);
  disk->submit(first.request);
  disk->submit(second.request);
  EXPECT_TRUE(disk->power_lost());
  executor.run_for(1'000'000'000);
  EXPECT_FALSE(first.done);
  EXPECT_FALSE(second.done);
  disk->power_cut();
  EXPECT_FALSE(disk->power_lost());
  EXPECT_TRUE(disk->settled());
}

TEST_F(SimDiskTest, keeps_its_cache_when_only_the_software_dies) {
  make(small_disk());
  bool lost_later = false;
  bool torn = false;
  for (int life = 0; life < 300; ++life) {
    std::memset(disk->medium().data(), 0, 2 * kBlock);
    Op write(io::DiskRequest::Kind::write, 0, 1);
    ASSERT_TRUE(run(write));
    Op in_flight(io::DiskRequest::Kind::write, kBlock, 2);
    disk->submit(in_flight.request);
    disk->software_crash();
    executor.run_for(1'000'000'000);
    EXPECT_FALSE(in_flight.done);
    EXPECT_EQ(byte_at(0), 1);
    torn = torn || byte_at(kBlock) != byte_at(2 * kBlock - 1);
    disk->power_cut();
    lost_later = lost_later || byte_at(0) == 0;
  }
  EXPECT_TRUE(torn);
  EXPECT_TRUE(lost_later);
}

TEST_F(SimDiskTest, is_blank_after_it_was_replaced) {
  make(small_disk());
  Op write(io::DiskRequest::Kind::write, kBlock, 1);
  ASSERT_TRUE(run(write));
  disk->replace_medium();
  EXPECT_EQ(byte_at(kBlock), 0);
  EXPECT_TRUE(disk->settled());
}

TEST_F(SimDiskTest, fails_the_request_it_was_told_to_fail) {
  make(small_disk());
  disk->fail_next(io::DiskRequest::Kind::flush);
  Op flush(io::DiskRequest::Kind::flush);
  ASSERT_TRUE(run(flush));
  EXPECT_EQ(flush.request.status.kind(), ErrorKind::io_error);
}

TEST_F(SimDiskTest, records_where_it_lied) {
  SimDiskOptions options = small_disk();
  options.faults.lost_write_ppm = 1'000'000;
  make(options);
  Op write(io::DiskRequest::Kind::write, kBlock, 5);
  ASSERT_TRUE(run(write));
  EXPECT_TRUE(write.request.status.ok());
  EXPECT_EQ(byte_at(kBlock), 0);
  ASSERT_EQ(disk->fault_records().size(), 1u);
  EXPECT_EQ(disk->fault_records()[0].offset_bytes, kBlock);
}

}  // namespace
}  // namespace cairn::sim
