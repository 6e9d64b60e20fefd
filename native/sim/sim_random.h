// SimRandom: the one source of chance in a simulated life. The same seed gives the same life.
#pragma once

#include <cstdint>

#include "base/assert.h"
#include "io/random.h"

namespace cairn::sim {

/// SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators", 2014).
class SimRandom final : public io::Random {
 public:
  explicit SimRandom(uint64_t seed) : state_(seed) {}

  uint64_t next() override {
    state_ += 0x9e3779b97f4a7c15u;
    uint64_t z = state_;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  /// Uniform in [0, bound); bound is not 0. The bias of the multiplication is below 2^-32 for the
  /// bounds used.
  uint64_t below(uint64_t bound) {
    CAIRN_ASSERT(bound > 0);
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }

  /// Uniform in [low, high].
  uint64_t between(uint64_t low, uint64_t high) { return low + below(high - low + 1); }

  /// True in `parts` of a million cases.
  bool chance_ppm(uint32_t parts) { return parts != 0 && below(1'000'000) < parts; }

 private:
  uint64_t state_;
};

}  // namespace cairn::sim
