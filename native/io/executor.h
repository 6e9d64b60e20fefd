// Executor, timers and clock: one reactor's turn-taking. Everything in the engine runs on one
// Executor's thread; the real one (uring_reactor.h) sleeps in io_uring, the simulated one (sim/)
// advances a virtual clock. Code above io/ knows neither.
#pragma once

#include <cstdint>

namespace cairn::io {

/// Nanoseconds of a monotonic clock with an arbitrary start.
using Nanoseconds = uint64_t;

/// A unit of work, owned by whoever posts it, that stays valid until it has run. Intrusive: posting
/// never allocates.
class Task {
 public:
  virtual void run() = 0;

 protected:
  ~Task() = default;

 private:
  friend class TaskQueue;
  Task* next_ = nullptr;
  bool queued_ = false;
};

/// A first-in first-out list of tasks, for Executor implementations.
class TaskQueue {
 public:
  void push(Task& task);
  /// Removes and returns the oldest task, or nullptr.
  Task* pop();
  [[nodiscard]] bool empty() const { return head_ == nullptr; }

 private:
  Task* head_ = nullptr;
  Task* tail_ = nullptr;
};

/// A one-shot timer, owned by its user, cancelled by destruction through `Executor::cancel`.
class Timer {
 public:
  /// Called on the executor's thread at or after the deadline. The timer may be armed again from
  /// here.
  virtual void on_timer() = 0;
  [[nodiscard]] bool armed() const { return armed_; }
  [[nodiscard]] Nanoseconds deadline() const { return deadline_; }

 protected:
  ~Timer() = default;

 public:
  // For Executor implementations only.
  Nanoseconds deadline_ = 0;
  uint64_t order_ = 0;
  uint32_t heap_index_ = 0;
  bool armed_ = false;
};

/// Runs tasks and timers, one at a time, on one thread. All calls come from that thread.
class Executor {
 public:
  virtual ~Executor() = default;
  [[nodiscard]] virtual Nanoseconds now() const = 0;
  /// Runs `task` in a later turn, after all tasks posted before it. Never runs it inside this call.
  virtual void post(Task& task) = 0;
  /// Arms `timer` for `delay` from now; arming an armed timer moves it.
  virtual void arm(Timer& timer, Nanoseconds delay) = 0;
  virtual void cancel(Timer& timer) = 0;
};

}  // namespace cairn::io
