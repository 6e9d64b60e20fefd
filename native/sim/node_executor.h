// NodeExecutor: the executor of one simulated node, on the world's clock. The world lets the nodes'
// turns interleave.
//
// Threading: the world's thread. A paused node (SIGSTOP) runs nothing; its timers become due
// meanwhile and fire late. Tasks and timers may be destroyed in any order after `drop_all`.
#pragma once

#include <cstdint>
#include <limits>

#include "io/executor.h"
#include "io/timer_heap.h"

namespace cairn::sim {

class NodeExecutor final : public io::Executor {
 public:
  static constexpr io::Nanoseconds kNever = std::numeric_limits<io::Nanoseconds>::max();

  /// `clock` outlives the executor.
  explicit NodeExecutor(const io::Nanoseconds& clock) : clock_(clock), timers_(64) {}

  [[nodiscard]] io::Nanoseconds now() const override { return clock_; }
  void post(io::Task& task) override { tasks_.push(task); }
  void arm(io::Timer& timer, io::Nanoseconds delay) override;
  void cancel(io::Timer& timer) override { timers_.remove(timer); }

  /// The process dies: forgets all tasks and timers without running them.
  void drop_all();
  void set_paused(bool paused) { paused_ = paused; }
  [[nodiscard]] bool paused() const { return paused_; }

  /// When it has something to run: now or earlier if it has it already, `kNever` if it waits for
  /// others.
  [[nodiscard]] io::Nanoseconds due() const;
  /// Runs the oldest task, or else the earliest timer; `due()` has come.
  void run_one();

 private:
  const io::Nanoseconds& clock_;
  io::TaskQueue tasks_;
  io::TimerHeap timers_;
  bool paused_ = false;
};

}  // namespace cairn::sim
