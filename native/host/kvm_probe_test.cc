#include "host/kvm_probe.h"

#include <gtest/gtest.h>

namespace cairn::host {
namespace {

KvmMeasurement at_rate(double million_per_second) {
  return {static_cast<uint64_t>(million_per_second * 1e6 / 20), 50, 60};
}

TEST(KvmProbe, CallsHardwareUsable) {
  EXPECT_EQ(judge_kvm(at_rate(1800), false).verdict, KvmVerdict::usable);
}

TEST(KvmProbe, CallsSlowGuestCodeDegraded) {
  EXPECT_EQ(judge_kvm(at_rate(300), false).verdict, KvmVerdict::degraded);
  EXPECT_EQ(judge_kvm(at_rate(20), false).verdict, KvmVerdict::degraded);
}

TEST(KvmProbe, CallsEmulatedKvmUnusableAndNamesTheCause) {
  const KvmReport report = judge_kvm(at_rate(0.92), true);
  EXPECT_EQ(report.verdict, KvmVerdict::unusable);
  EXPECT_NE(report.reason.find("0.92 million"), std::string::npos);
  EXPECT_NE(report.reason.find("kvm_pvm"), std::string::npos);
}

TEST(KvmProbe, CallsAMissingDeviceAbsent) {
  const KvmReport report = probe_kvm("/dev/no-such-kvm");
  EXPECT_EQ(report.verdict, KvmVerdict::absent);
  EXPECT_FALSE(report.rate_million_per_second.has_value());
}

TEST(KvmProbe, CallsADeviceThatIsNotKvmUnusable) {
  EXPECT_EQ(probe_kvm("/dev/null").verdict, KvmVerdict::unusable);
}

TEST(KvmProbe, ReachesAVerdictOnThisHostInTime) {
  const KvmReport report = probe_kvm("/dev/kvm");
  EXPECT_FALSE(report.reason.empty());
  EXPECT_LT(report.elapsed_ms, 3 * kDeadlineMs + 1000);
}

TEST(KvmProbe, PrintsOneLineOfJson) {
  const KvmReport report{KvmVerdict::unusable, "it \"failed\"\n", std::nullopt, 12.34};
  EXPECT_EQ(to_json(report),
            "{\"verdict\":\"unusable\",\"reason\":\"it \\\"failed\\\"\\u000a\","
            "\"rateMillionPerSecond\":null,\"elapsedMs\":12.3}\n");
}

}  // namespace
}  // namespace cairn::host
