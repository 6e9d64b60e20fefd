// UringReactor: the real Executor. One thread, one io_uring; asleep in the kernel whenever there is
// nothing to do.
//
// A turn runs the posted tasks, the due timers and the finished operations, and then enters the
// kernel once: everything that the turn prepared is submitted as one batch. No operation, task or
// timer allocates memory.
//
// Threading: made by any thread; after that all calls but `mailbox().post` belong to the thread
// that calls `run` (before `run`, to the one that will call it). Destroyed after every object that
// works on it.
#pragma once

#include <cstdint>
#include <memory>

#include "base/status.h"
#include "io/executor.h"
#include "io/mailbox.h"
#include "io/timer_heap.h"

struct io_uring_sqe;

namespace cairn::io {

/// One operation under way in the kernel. Its owner keeps it unmoved until `on_completion` has run.
class Completion {
 public:
  /// `result` is what the system call would have returned, errors as -errno. May prepare further
  /// operations.
  virtual void on_completion(int32_t result) = 0;

 protected:
  ~Completion() = default;
};

struct ReactorOptions {
  /// Operations that one batch can hold; a fuller turn submits more than once.
  uint32_t entries = 1024;
};

class UringReactor final : public Executor {
 public:
  /// Needs io_uring of Linux 5.11; uses single-issuer rings with deferred task work where the
  /// kernel has them (6.1).
  [[nodiscard]] static Result<std::unique_ptr<UringReactor>> create(const ReactorOptions& options);
  ~UringReactor();
  UringReactor(const UringReactor&) = delete;
  UringReactor& operator=(const UringReactor&) = delete;

  [[nodiscard]] Nanoseconds now() const override;
  void post(Task& task) override;
  void arm(Timer& timer, Nanoseconds delay) override;
  void cancel(Timer& timer) override;

  /// The door for other threads.
  [[nodiscard]] Mailbox& mailbox() { return mailbox_; }

  /// Takes turns until `stop`. Returns when every accepted letter and posted task has run and no
  /// operation is under way in the kernel, so the caller of `stop` closes its streams and listeners
  /// first. Runs at most once.
  void run();
  /// Ends `run`. Other threads post a letter that calls it.
  void stop() { stopping_ = true; }

  // For the other parts of io/:

  /// An empty submission. Fill it, then `start` it before asking for another one.
  [[nodiscard]] io_uring_sqe& prepare();
  void start(io_uring_sqe& sqe, Completion& completion);
  /// A fixed-file slot for `fd`, or -1 when there is none and the plain descriptor has to do.
  [[nodiscard]] int register_file(int fd);
  void unregister_file(int slot);

 private:
  struct Ring;
  class WakeRead;

  UringReactor();
  Status open(const ReactorOptions& options);
  void turn();
  void run_tasks();
  void run_timers();
  void reap();
  /// Submits what was prepared; sleeps until an operation ends or a timer is due, unless there is
  /// work.
  void enter();

  std::unique_ptr<Ring> ring_;
  Mailbox mailbox_;
  std::unique_ptr<WakeRead> wake_read_;
  TaskQueue tasks_;
  TimerHeap timers_;
  uint64_t operations_in_flight_ = 0;
  bool running_ = false;
  bool stopping_ = false;
  bool draining_ = false;
};

}  // namespace cairn::io
