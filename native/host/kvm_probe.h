// The KVM self-test. /dev/kvm may exist and yet be useless: where the host emulates it, guest code
// runs a thousand times too slowly and guests hang. The test runs a loop of guest instructions in
// long mode and divides its iterations by the CPU time of the vCPU's thread; wall time would
// mislead on a busy host.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cairn::host {

enum class KvmVerdict : uint8_t {
  usable,
  degraded,  ///< Guest code runs, but slower than any hardware of the last decade.
  unusable,
  absent,  ///< No device, or no permission to open it.
};

/// What one run of the loop measured.
struct KvmMeasurement {
  uint64_t iterations = 0;
  double cpu_ms = 0;  ///< CPU time of the vCPU's thread.
  double wall_ms = 0;
};

struct KvmReport {
  KvmVerdict verdict = KvmVerdict::absent;
  std::string reason;
  std::optional<double> rate_million_per_second;
  double elapsed_ms = 0;
};

inline constexpr double kUsableMillionPerSecond = 300;
inline constexpr double kDegradedMillionPerSecond = 20;
/// How long the loop may run.
inline constexpr int kWindowMs = 60;
/// How long the whole test may take before its process is killed.
inline constexpr int kDeadlineMs = 200;

/// Pure: the verdict on a measured rate. `pvm_host` names the cause where it is known.
[[nodiscard]] KvmReport judge_kvm(const KvmMeasurement& measurement, bool pvm_host);

/// Runs the test in a child process, which is killed at the deadline. Never hangs, never throws.
[[nodiscard]] KvmReport probe_kvm(const std::string& device);

/// One line of JSON.
[[nodiscard]] std::string to_json(const KvmReport& report);

}  // namespace cairn::host
