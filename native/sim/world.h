// World: one virtual clock for many nodes. Turns of nodes that are ready at the same moment
// interleave as the seed decides; time passes only when nobody is ready, and then jumps.
//
// Single-threaded. Node 0 is the outside: what is no node's process (the coordinator, the network,
// whoever arranges the faults); it is never paused.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "sim/node_executor.h"
#include "sim/sim_random.h"

namespace cairn::sim {

class World {
 public:
  World(SimRandom& random, uint32_t nodes_count);

  [[nodiscard]] io::Nanoseconds now() const { return now_; }
  [[nodiscard]] SimRandom& random() { return random_; }
  /// Without the outside: nodes are numbered from 1.
  [[nodiscard]] uint32_t nodes_count() const { return static_cast<uint32_t>(nodes_.size()) - 1; }
  [[nodiscard]] NodeExecutor& outside() { return *nodes_.front(); }
  [[nodiscard]] NodeExecutor& node(uint32_t node) { return *nodes_.at(node); }
  /// Turns taken so far.
  [[nodiscard]] uint64_t steps() const { return steps_; }

  /// One turn of one node. False if nobody will ever be ready.
  bool step();
  /// Steps until `done()` holds; false if `duration` or `steps_max` were not enough, or nothing is
  /// left to run.
  template <typename Predicate>
  bool run_until(Predicate done, io::Nanoseconds duration, uint64_t steps_max = 50'000'000) {
    const io::Nanoseconds end = now_ + duration;
    for (uint64_t step_count = 0; step_count < steps_max; ++step_count) {
      if (done()) return true;
      if (earliest() > end) {
        now_ = end;
        return done();
      }
      step();
    }
    return false;
  }
  /// Runs everything that is due within `duration`, then sets the clock there.
  void run_for(io::Nanoseconds duration) {
    run_until([] { return false; }, duration, ~uint64_t{0});
  }

 private:
  [[nodiscard]] io::Nanoseconds earliest() const;

  SimRandom& random_;
  io::Nanoseconds now_ = 1;
  uint64_t steps_ = 0;
  std::vector<std::unique_ptr<NodeExecutor>> nodes_;
};

}  // namespace cairn::sim
