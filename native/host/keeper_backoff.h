// KeeperBackoff: how long to wait before a service that died is started again. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace cairn::host {

/// A service that lived is started again at once: its guests are waiting. One that keeps dying
/// young is given more and more time, but little if it had served, for each of its starts serves
/// somebody.
class KeeperBackoff {
 public:
  static constexpr uint64_t kYoungMs = 1000;
  static constexpr uint32_t kFreeDeaths = 3;
  static constexpr uint64_t kFirstDelayMs = 100;
  static constexpr uint64_t kDelayMsMax = 2000;
  static constexpr uint64_t kDelayMsMaxAfterReady = 200;

  /// Notes a death and tells how many milliseconds to wait.
  [[nodiscard]] uint64_t delay_ms_after(uint64_t lived_ms, bool was_ready) {
    if (lived_ms >= kYoungMs) {
      young_deaths_ = 0;
      return 0;
    }
    ++young_deaths_;
    if (young_deaths_ <= kFreeDeaths) return 0;
    const uint32_t doublings = std::min(young_deaths_ - kFreeDeaths - 1, 10u);
    return std::min(kFirstDelayMs << doublings, was_ready ? kDelayMsMaxAfterReady : kDelayMsMax);
  }

 private:
  uint32_t young_deaths_ = 0;
};

}  // namespace cairn::host
