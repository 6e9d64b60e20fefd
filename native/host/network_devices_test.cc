#include "host/network_devices.h"

#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <unistd.h>

namespace cairn::host {
namespace {

TEST(NetworkDevices, TakesOnlyNamesThatTheKernelTakes) {
  for (const char* good : {"br0", "cairn-lan", "cn0123456789abc"}) {
    EXPECT_TRUE(valid_interface_name(good)) << good;
  }
  for (const char* bad : {"", ".", "..", "a/b", "a b", "0123456789abcdef", "a\nb", "a%d"}) {
    EXPECT_FALSE(valid_interface_name(bad)) << bad;
  }
}

TEST(NetworkDevices, MakesAndRemovesATapOnABridgeIdempotently) {
  if (::unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "needs root and network namespaces";
  if (::access("/dev/net/tun", R_OK | W_OK) != 0) GTEST_SKIP() << "needs /dev/net/tun";
  const TapOptions tap{"cntest0", "brtest0", 200777, 1450};
  EXPECT_EQ(add_tap(tap).kind(), ErrorKind::not_found);
  for (int round = 0; round < 2; ++round) {
    const Status bridge = add_bridge("brtest0", 1450);
    ASSERT_TRUE(bridge.ok()) << bridge.message();
    const Status added = add_tap(tap);
    ASSERT_TRUE(added.ok()) << added.message();
    EXPECT_NE(::if_nametoindex("cntest0"), 0U);
  }
  for (int round = 0; round < 2; ++round) {
    EXPECT_TRUE(delete_tap("cntest0").ok());
    EXPECT_TRUE(delete_bridge("brtest0").ok());
    EXPECT_EQ(::if_nametoindex("cntest0"), 0U);
  }
}

}  // namespace
}  // namespace cairn::host
