// SimExecutor: an Executor on a virtual clock. Time passes only when nothing is left to do, and
// then jumps to the next timer.
//
// Single-threaded. A life ends at any point with `drop_all`, after which tasks and timers may be
// destroyed in any order.
#pragma once

#include <cstdint>

#include "io/executor.h"
#include "io/timer_heap.h"

namespace cairn::sim {

class SimExecutor final : public io::Executor {
 public:
  SimExecutor() : timers_(256) {}

  [[nodiscard]] io::Nanoseconds now() const override { return now_; }
  void post(io::Task& task) override { tasks_.push(task); }
  void arm(io::Timer& timer, io::Nanoseconds delay) override;
  void cancel(io::Timer& timer) override { timers_.remove(timer); }

  /// Runs the oldest task, or else jumps to the earliest timer and runs it. False if there is
  /// neither.
  bool step();
  /// Steps until `done()` holds; false if `steps_max` were not enough or nothing is left to run.
  template <typename Predicate>
  bool run_until(Predicate done, uint64_t steps_max = 10'000'000) {
    for (uint64_t step_count = 0; step_count < steps_max; ++step_count) {
      if (done()) return true;
      if (!step()) return done();
    }
    return false;
  }
  /// Runs everything that is due within `duration` of virtual time, then sets the clock there.
  void run_for(io::Nanoseconds duration);
  /// The power cut of the software: forgets all tasks and timers without running them.
  void drop_all();

 private:
  io::Nanoseconds now_ = 1;
  io::TaskQueue tasks_;
  io::TimerHeap timers_;
};

}  // namespace cairn::sim
