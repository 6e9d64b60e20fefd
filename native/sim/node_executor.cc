#include "sim/node_executor.h"

#include "base/assert.h"

namespace cairn::sim {

void NodeExecutor::arm(io::Timer& timer, io::Nanoseconds delay) {
  timers_.insert(timer, delay < kNever - clock_ ? clock_ + delay : kNever);
}

void NodeExecutor::drop_all() {
  while (tasks_.pop() != nullptr) {
  }
  while (timers_.pop_due(kNever) != nullptr) {
  }
}

io::Nanoseconds NodeExecutor::due() const {
  if (paused_) return kNever;
  if (!tasks_.empty()) return 0;
  return timers_.empty() ? kNever : timers_.deadline_min();
}

void NodeExecutor::run_one() {
  CAIRN_ASSERT(!paused_);
  if (io::Task* task = tasks_.pop()) return task->run();
  io::Timer* timer = timers_.pop_due(clock_);
  CAIRN_ASSERT(timer != nullptr);
  timer->on_timer();
}

}  // namespace cairn::sim
