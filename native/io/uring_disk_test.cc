#include "io/uring_disk.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <filesystem>
#include <fstream>
#include <memory>
#include <random>
#include <vector>

#include "io/drive_file.h"

namespace cairn::io {
namespace {

constexpr uint64_t kMiB = 1 << 20;

/// Memory fit for direct I/O.
class Block {
 public:
  explicit Block(size_t size, uint8_t fill = 0)
      : memory_(static_cast<std::byte*>(std::aligned_alloc(kDiskBlockBytes, size)), &std::free),
        buffer_{memory_.get(), size} {
    std::memset(memory_.get(), fill, size);
  }
  [[nodiscard]] uint8_t* bytes() { return reinterpret_cast<uint8_t*>(memory_.get()); }
  [[nodiscard]] std::span<const iovec> buffers() const { return {&buffer_, 1}; }
  [[nodiscard]] const iovec& buffer() const { return buffer_; }

 private:
  std::unique_ptr<std::byte, decltype(&std::free)> memory_;
  iovec buffer_;
};

class UringDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "cairn-disk-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
    path_ = directory_ / "drive";
    auto reactor = UringReactor::create({});
    ASSERT_TRUE(reactor.ok()) << reactor.status().message();
    reactor_ = std::move(reactor).value();
  }
  void TearDown() override {
    disk_.reset();
    reactor_.reset();
    std::filesystem::remove_all(directory_);
  }

  void open(uint32_t queue_depth = 256) {
    auto disk = UringDisk::open(*reactor_, {.path = path_, .queue_depth = queue_depth});
    ASSERT_TRUE(disk.ok()) << disk.status().message();
    disk_ = std::move(disk).value();
  }

  void make_sparse(uint64_t size_bytes) {
    std::ofstream(path_).close();
    std::filesystem::resize_file(path_, size_bytes);
  }

  /// Submits all requests and runs the reactor until they are done.
  void run(std::span<DiskRequest* const> requests) {
    pending_ = requests.size();
    for (DiskRequest* request : requests) {
      request->context = this;
      request->on_done = [](DiskRequest& done) {
        auto* test = static_cast<UringDiskTest*>(done.context);
        EXPECT_FALSE(test->inside_submit_);
        if (--test->pending_ == 0) test->reactor_->stop();
      };
      inside_submit_ = true;
      disk_->submit(*request);
      inside_submit_ = false;
    }
    reactor_->run();
    EXPECT_EQ(pending_, 0u);
  }

  std::filesystem::path directory_;
  std::filesystem::path path_;
  std::unique_ptr<UringReactor> reactor_;
  std::unique_ptr<UringDisk> disk_;
  size_t pending_ = 0;
  bool inside_submit_ = false;
};

/// Writes at submission, reads the blocks back when all writes are done.
TEST_F(UringDiskTest, reads_back_what_it_wrote_with_one_and_with_many_buffers) {
  ASSERT_TRUE(create_drive_file(path_, 4 * kMiB).ok());
  open();
  EXPECT_EQ(disk_->size_bytes(), 4 * kMiB);
  Block one(8192, 0x11), two(4096, 0x22), three(4096, 0x33), read_back(16384);
  const std::array<iovec, 2> pair = {two.buffer(), three.buffer()};
  DiskRequest first{.kind = DiskRequest::Kind::write, .durable = true, .buffers = one.buffers()};
  DiskRequest second{.kind = DiskRequest::Kind::write, .offset_bytes = 8192, .buffers = pair};
  DiskRequest flush{.kind = DiskRequest::Kind::flush};
  const std::array<DiskRequest*, 3> all = {&first, &second, &flush};
  run(all);
  for (DiskRequest* request : all) EXPECT_TRUE(request->status.ok()) << request->status.message();
  disk_.reset();
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::pread(fd, read_back.bytes(), 16384, 0), 16384);
  ::close(fd);
  EXPECT_EQ(read_back.bytes()[0], 0x11);
  EXPECT_EQ(read_back.bytes()[8191], 0x11);
  EXPECT_EQ(read_back.bytes()[8192], 0x22);
  EXPECT_EQ(read_back.bytes()[12288], 0x33);
}

TEST_F(UringDiskTest, keeps_a_thousand_random_writes_apart_through_a_shallow_queue) {
  ASSERT_TRUE(create_drive_file(path_, 8 * kMiB).ok());
  open(8);
  constexpr size_t kCount = 1000;
  std::deque<Block> blocks;
  std::vector<DiskRequest> requests(kCount);
  std::vector<DiskRequest*> all;
  for (size_t i = 0; i < kCount; ++i) {
    blocks.emplace_back(size_t{4096}, static_cast<uint8_t>(i * 7));
    requests[i].kind = DiskRequest::Kind::write;
    requests[i].offset_bytes = ((i * 619) % 2048) * 4096;
    requests[i].buffers = blocks.back().buffers();
    all.push_back(&requests[i]);
  }
  run(all);
  std::ifstream file(path_, std::ios::binary);
  for (size_t i = 0; i < kCount; ++i) {
    EXPECT_TRUE(requests[i].status.ok());
    file.seekg(static_cast<std::streamoff>(requests[i].offset_bytes + 4095));
    EXPECT_EQ(static_cast<uint8_t>(file.get()), static_cast<uint8_t>(i * 7));
  }
}

TEST_F(UringDiskTest, gives_a_sparse_file_its_discarded_space_back) {
  make_sparse(4 * kMiB);
  {
    std::fstream file(path_, std::ios::binary | std::ios::in | std::ios::out);
    const std::string data(2 * kMiB, 'x');
    file.write(data.data(), static_cast<std::streamsize>(data.size()));
  }
  open();
  DiskRequest discard{.kind = DiskRequest::Kind::discard, .discard_bytes = 2 * kMiB};
  const std::array<DiskRequest*, 1> all = {&discard};
  run(all);
  EXPECT_TRUE(discard.status.ok()) << discard.status.message();
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_LT(info.st_blocks * 512, static_cast<blkcnt_t>(kMiB));
  EXPECT_EQ(disk_->size_bytes(), 4 * kMiB);
}

TEST_F(UringDiskTest, keeps_the_space_of_a_file_that_was_set_aside) {
  ASSERT_TRUE(create_drive_file(path_, 4 * kMiB).ok());
  open();
  DiskRequest discard{.kind = DiskRequest::Kind::discard, .discard_bytes = 2 * kMiB};
  const std::array<DiskRequest*, 1> all = {&discard};
  run(all);
  EXPECT_TRUE(discard.status.ok());
  struct stat info{};
  ASSERT_EQ(::stat(path_.c_str(), &info), 0);
  EXPECT_GE(info.st_blocks * 512, static_cast<blkcnt_t>(4 * kMiB));
}

TEST_F(UringDiskTest, reports_a_short_read_as_an_io_error) {
  ASSERT_TRUE(create_drive_file(path_, kMiB).ok());
  open();
  std::filesystem::resize_file(path_, kMiB / 2);  // The drive shrinks behind our back.
  Block block(4096);
  DiskRequest read{.offset_bytes = kMiB - 4096, .buffers = block.buffers()};
  const std::array<DiskRequest*, 1> all = {&read};
  run(all);
  EXPECT_EQ(read.status.kind(), ErrorKind::io_error);
  EXPECT_NE(read.status.context().find("at 1044480"), std::string::npos) << read.status.message();
}

TEST_F(UringDiskTest, refuses_a_drive_that_another_process_holds) {
  ASSERT_TRUE(create_drive_file(path_, kMiB).ok());
  open();
  const auto second = UringDisk::open(*reactor_, {.path = path_, .lock_wait_ms = 10});
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.status().kind(), ErrorKind::busy);
}

TEST_F(UringDiskTest, waits_for_a_predecessor_to_let_go) {
  ASSERT_TRUE(create_drive_file(path_, kMiB).ok());
  const int fd = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_EQ(::flock(fd, LOCK_EX), 0);
  const pid_t child = ::fork();
  if (child ==
      0) {  // Holds the lock through the shared description a little longer than the parent.
    ::usleep(50'000);
    ::_exit(0);
  }
  ::close(fd);
  open();
  EXPECT_NE(disk_, nullptr);
}

/// A block device over a file, for those who may make one.
class LoopDevice {
 public:
  explicit LoopDevice(const std::string& file) {
    const std::string command = "losetup --find --show " + file + " 2>/dev/null";
    FILE* output = ::popen(command.c_str(), "r");
    char line[256] = {};
    if (output != nullptr && std::fgets(line, sizeof(line), output) != nullptr) path_ = line;
    if (output != nullptr) ::pclose(output);
    while (!path_.empty() && path_.back() == '\n') path_.pop_back();
  }
  ~LoopDevice() {
    if (path_.empty()) return;
    EXPECT_EQ(std::system(("losetup --detach " + path_).c_str()), 0);
  }
  LoopDevice(const LoopDevice&) = delete;
  LoopDevice& operator=(const LoopDevice&) = delete;
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST_F(UringDiskTest, drives_a_block_device_and_claims_it) {
  make_sparse(8 * kMiB);
  const LoopDevice loop(path_);
  if (loop.path().empty()) GTEST_SKIP() << "no loop device can be made here";
  path_ = loop.path();
  open();
  EXPECT_TRUE(disk_->is_block_device());
  EXPECT_EQ(disk_->size_bytes(), 8 * kMiB);
  const auto second = UringDisk::open(*reactor_, {.path = path_, .lock_wait_ms = 10});
  EXPECT_EQ(second.status().kind(), ErrorKind::busy);
  Block written(8192, 0x5a);
  DiskRequest write{.kind = DiskRequest::Kind::write,
                    .durable = true,
                    .offset_bytes = kMiB,
                    .buffers = written.buffers()};
  DiskRequest flush{.kind = DiskRequest::Kind::flush};
  const std::array<DiskRequest*, 2> changes = {&write, &flush};
  run(changes);
  EXPECT_TRUE(write.status.ok()) << write.status.message();
  EXPECT_TRUE(flush.status.ok()) << flush.status.message();
  disk_.reset();

  reactor_ = std::move(UringReactor::create({})).value();
  open();
  DiskRequest discard{
      .kind = DiskRequest::Kind::discard, .offset_bytes = kMiB, .discard_bytes = 4096};
  DiskRequest elsewhere{
      .kind = DiskRequest::Kind::discard, .offset_bytes = 4 * kMiB, .discard_bytes = kMiB};
  const std::array<DiskRequest*, 2> discards = {&discard, &elsewhere};
  run(discards);
  EXPECT_TRUE(discard.status.ok()) << discard.status.message();
  disk_.reset();

  reactor_ = std::move(UringReactor::create({})).value();
  open();
  Block read_back(8192, 0xff);
  DiskRequest read{.offset_bytes = kMiB, .buffers = read_back.buffers()};
  const std::array<DiskRequest*, 1> reads = {&read};
  run(reads);
  EXPECT_EQ(read_back.bytes()[4096], 0x5a);  // Beside the discarded block.
  disk_.reset();
}

TEST_F(UringDiskTest, refuses_what_is_neither_a_file_nor_a_block_device) {
  EXPECT_EQ(UringDisk::open(*reactor_, {.path = directory_}).status().kind(),
            ErrorKind::invalid_argument);
  EXPECT_EQ(UringDisk::open(*reactor_, {.path = "/dev/null"}).status().kind(),
            ErrorKind::invalid_argument);
  EXPECT_EQ(UringDisk::open(*reactor_, {.path = directory_ / "absent"}).status().kind(),
            ErrorKind::not_found);
}

TEST_F(UringDiskTest, creates_a_drive_file_once_and_leaves_nothing_behind_when_there_is_no_room) {
  EXPECT_EQ(create_drive_file(path_, 4097).kind(), ErrorKind::invalid_argument);
  EXPECT_TRUE(create_drive_file(path_, kMiB).ok());
  EXPECT_EQ(create_drive_file(path_, kMiB).kind(), ErrorKind::already_exists);
  const auto huge = directory_ / "huge";
  EXPECT_FALSE(create_drive_file(huge, uint64_t{1} << 50).ok());
  EXPECT_FALSE(std::filesystem::exists(huge));
  EXPECT_TRUE(remove_drive_file(path_).ok());
  EXPECT_TRUE(remove_drive_file(path_).ok());
  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace cairn::io
