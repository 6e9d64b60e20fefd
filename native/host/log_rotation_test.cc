#include "host/log_rotation.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include "host/files.h"
#include "host/owned_fd.h"
#include "host/test_directory.h"

namespace cairn::host {
namespace {

class LogRotation : public testing::Test {
 protected:
  TestDirectory directory_;
  OwnedFd directory_fd_{::open(directory_.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
  OwnedFd writer_{::open(directory_.file("log").c_str(), O_WRONLY | O_APPEND | O_CREAT, 0600)};
  OwnedFd reader_{::open(directory_.file("log").c_str(), O_RDWR | O_CLOEXEC)};

  std::string content(const std::string& name) {
    const auto text = read_small_file(directory_.file(name), 1 << 20);
    return text.ok() ? text.value() : text.status().message();
  }
};

TEST_F(LogRotation, LeavesAShortLogAlone) {
  ASSERT_TRUE(write_fully(writer_.get(), "0123456789").ok());
  ASSERT_TRUE(rotate_log(directory_fd_.get(), "log", reader_.get(), 10).ok());
  EXPECT_EQ(content("log"), "0123456789");
  EXPECT_NE(content("log.1").find("not_found"), std::string::npos);
}

TEST_F(LogRotation, KeepsTheNewestPartAndLetsTheWriterGoOn) {
  ASSERT_TRUE(write_fully(writer_.get(), "old-0123456789").ok());
  ASSERT_TRUE(rotate_log(directory_fd_.get(), "log", reader_.get(), 10).ok());
  ASSERT_TRUE(write_fully(writer_.get(), "next").ok());
  EXPECT_EQ(content("log.1"), "0123456789");
  EXPECT_EQ(content("log"), "next");
}

TEST_F(LogRotation, ReplacesTheOlderPart) {
  ASSERT_TRUE(write_fully(writer_.get(), "aaaaaaaaaaaa").ok());
  ASSERT_TRUE(rotate_log(directory_fd_.get(), "log", reader_.get(), 4).ok());
  ASSERT_TRUE(write_fully(writer_.get(), "bbbbbbbbbbbb").ok());
  ASSERT_TRUE(rotate_log(directory_fd_.get(), "log", reader_.get(), 4).ok());
  EXPECT_EQ(content("log.1"), "bbbb");
}

}  // namespace
}  // namespace cairn::host
