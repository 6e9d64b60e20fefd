#include "sim/sim_executor.h"

#include <limits>

namespace cairn::sim {

void SimExecutor::arm(io::Timer& timer, io::Nanoseconds delay) {
  timers_.insert(timer, now_ + delay);
}

bool SimExecutor::step() {
  if (io::Task* task = tasks_.pop()) {
    task->run();
    return true;
  }
  if (timers_.empty()) return false;
  if (timers_.deadline_min() > now_) now_ = timers_.deadline_min();
  timers_.pop_due(now_)->on_timer();
  return true;
}

void SimExecutor::run_for(io::Nanoseconds duration) {
  const io::Nanoseconds end = now_ + duration;
  while (!tasks_.empty() || (!timers_.empty() && timers_.deadline_min() <= end)) step();
  now_ = end;
}

void SimExecutor::drop_all() {
  while (tasks_.pop() != nullptr) {
  }
  while (timers_.pop_due(std::numeric_limits<io::Nanoseconds>::max()) != nullptr) {
  }
}

}  // namespace cairn::sim
