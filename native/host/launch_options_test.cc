#include "host/launch_options.h"

#include <gtest/gtest.h>

namespace cairn::host {
namespace {

using Words = std::vector<std::string>;

TEST(LaunchOptions, TakesEverythingAfterTheDashesAsTheProgram) {
  const auto options = parse_launch_options({"--dir", "/v", "--", "qemu", "--uid", "0"});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options.value().command, (Words{"qemu", "--uid", "0"}));
  EXPECT_FALSE(options.value().uid.has_value());
}

TEST(LaunchOptions, ReadsUsersGroupsAndFiles) {
  const auto options = parse_launch_options({"--dir", "/v", "--uid", "200001", "--gid", "200001",
                                             "--groups", "36,107", "--file", "10:rw:/a:b", "--file",
                                             "11:append:/v/serial.log", "--", "qemu"});
  ASSERT_TRUE(options.ok()) << options.status().message();
  EXPECT_EQ(options.value().groups, (std::vector<gid_t>{36, 107}));
  ASSERT_EQ(options.value().files.size(), 2U);
  EXPECT_EQ(options.value().files[0].path, "/a:b");
  EXPECT_EQ(options.value().files[1].mode, InheritedFile::Mode::append);
}

TEST(LaunchOptions, RefusesWhatItDoesNotUnderstand) {
  const std::vector<Words> wrong = {
      {},
      {"--dir", "/v"},
      {"--dir", "/v", "--"},
      {"--dir", "relative", "--", "qemu"},
      {"--", "qemu"},
      {"--dir", "/v", "--colour", "red", "--", "qemu"},
      {"--dir", "/v", "--uid", "12x", "--gid", "1", "--", "qemu"},
      {"--dir", "/v", "--uid", "-1", "--gid", "1", "--", "qemu"},
      {"--dir", "/v", "--uid", "5", "--", "qemu"},
      {"--dir", "/v", "--groups", "5", "--", "qemu"},
      {"--dir", "/v", "--file", "3:ro:/x", "--", "qemu"},
      {"--dir", "/v", "--file", "10:wx:/x", "--", "qemu"},
      {"--dir", "/v", "--file", "10:ro:x", "--", "qemu"},
      {"--dir", "/v", "--file", "10:tap:a/b", "--", "qemu"},
      {"--dir", "/v", "--file", "10:ro:/x", "--file", "10:ro:/y", "--", "qemu"},
      {"--dir", "/v", "--log-bytes", "0", "--", "qemu"},
      {"--dir"},
  };
  for (const Words& words : wrong) {
    const auto options = parse_launch_options(words);
    EXPECT_EQ(options.status().kind(), ErrorKind::invalid_argument);
  }
}

TEST(LaunchOptions, RefusesToRunAGuestAsRoot) {
  const auto options =
      parse_launch_options({"--dir", "/v", "--uid", "0", "--gid", "0", "--", "qemu"});
  EXPECT_EQ(options.status().kind(), ErrorKind::invalid_argument);
}

}  // namespace
}  // namespace cairn::host
