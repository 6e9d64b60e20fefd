// The explorer: visits every state within the bounds, breadth first, so that the first violation it
// meets has a shortest trace.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sim/model/action.h"
#include "sim/model/rules.h"

namespace cairn::sim::model {

enum class Outcome : uint8_t {
  /// Every state within the bounds was visited; every property holds.
  kHolds,
  kViolated,
  /// The limit of states was reached first: nothing is proved.
  kLimit,
};

struct Exploration {
  Outcome outcome = Outcome::kHolds;
  /// Different states met.
  uint64_t states = 0;
  /// States whose properties were checked.
  uint64_t checked = 0;
  /// Steps of the longest of the shortest ways to a state.
  uint32_t depth = 0;
  /// The broken property and a shortest way to it; empty unless violated.
  std::string violation;
  std::vector<Action> trace;
};

/// Deterministic. Memory is bounded by `states_max`: 36 to 48 bytes for each state, and the states
/// of two depths themselves.
[[nodiscard]] Exploration explore(const Rules& rules, uint64_t states_max);

}  // namespace cairn::sim::model
