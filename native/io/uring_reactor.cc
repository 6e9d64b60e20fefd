#include "io/uring_reactor.h"

#include <liburing.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <ctime>

#include "base/assert.h"
#include "io/errno_status.h"

namespace cairn::io {

namespace {

constexpr Nanoseconds kNanosecondsPerSecond = 1'000'000'000;
constexpr size_t kTimersExpected = 1024;
constexpr uint32_t kFileSlots = 64;
/// A failing submission is retried this often before it counts as a bug.
constexpr int kSubmitAttemptsMax = 1000;
constexpr int kTaskRoundsMax = 8;

/// Set-up flags from the best to the oldest kernel. All start disabled, so that the running thread
/// becomes the issuer.
constexpr std::array<uint32_t, 3> kSetupFlags = {
    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    IORING_SETUP_COOP_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
    0,
};

}  // namespace

struct UringReactor::Ring {
  io_uring uring{};
  bool open = false;
  bool has_file_table = false;
  std::array<bool, kFileSlots> slot_used{};

  ~Ring() {
    if (open) io_uring_queue_exit(&uring);
  }

  Status setup(uint32_t entries) {
    int error = 0;
    for (const uint32_t flags : kSetupFlags) {
      io_uring_params params{};
      params.flags = flags | IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE;
      params.cq_entries = entries * 4;
      error = -io_uring_queue_init_params(entries, &uring, &params);
      if (error == 0) break;
      if (error != EINVAL) return errno_status(error, "io_uring_setup");
    }
    if (error != 0) return errno_status(error, "io_uring_setup");
    open = true;
    constexpr uint32_t kNeeded = IORING_FEAT_EXT_ARG | IORING_FEAT_NODROP;
    if ((uring.features & kNeeded) != kNeeded) {
      return Status(ErrorKind::unsupported, "io_uring of this kernel is older than Linux 5.11");
    }
    has_file_table = io_uring_register_files_sparse(&uring, kFileSlots) == 0;
    return Status();
  }

  /// Makes the calling thread the ring's only issuer. By hand, because liburing 2.3 does not export
  /// its own function.
  void enable() const {
    const long result =
        ::syscall(__NR_io_uring_register, uring.ring_fd, IORING_REGISTER_ENABLE_RINGS, nullptr, 0);
    CAIRN_ASSERT(result == 0);
  }

  /// True if the kernel holds finished work that only an enter call turns into completions.
  [[nodiscard]] bool kernel_has_work() const {
    const unsigned flags = IO_URING_READ_ONCE(*uring.sq.kflags);
    return (flags & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
  }
};

/// The standing read of the mailbox's eventfd.
class UringReactor::WakeRead final : public Completion {
 public:
  explicit WakeRead(UringReactor& reactor) : reactor_(reactor) {}

  void start() {
    io_uring_sqe& sqe = reactor_.prepare();
    io_uring_prep_read(&sqe, reactor_.mailbox_.wake_fd(), &count_, sizeof(count_), 0);
    reactor_.start(sqe, *this);
  }

  void on_completion(int32_t result) override {
    CAIRN_ASSERT(result == sizeof(count_) || result == -EINTR || result == -ECANCELED);
    static_cast<void>(reactor_.mailbox_.deliver_all());
    if (!reactor_.stopping_) start();
  }

 private:
  UringReactor& reactor_;
  uint64_t count_ = 0;
};

UringReactor::UringReactor() : ring_(std::make_unique<Ring>()), timers_(kTimersExpected) {}

UringReactor::~UringReactor() { CAIRN_ASSERT(operations_in_flight_ == 0); }

Result<std::unique_ptr<UringReactor>> UringReactor::create(const ReactorOptions& options) {
  std::unique_ptr<UringReactor> reactor(new UringReactor());
  CAIRN_RETURN_IF_ERROR(reactor->open(options));
  return reactor;
}

Status UringReactor::open(const ReactorOptions& options) {
  CAIRN_RETURN_IF_ERROR(ring_->setup(options.entries));
  CAIRN_RETURN_IF_ERROR(mailbox_.open());
  wake_read_ = std::make_unique<WakeRead>(*this);
  return Status();
}

Nanoseconds UringReactor::now() const {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<Nanoseconds>(time.tv_sec) * kNanosecondsPerSecond +
         static_cast<Nanoseconds>(time.tv_nsec);
}

void UringReactor::post(Task& task) { tasks_.push(task); }

void UringReactor::arm(Timer& timer, Nanoseconds delay) { timers_.insert(timer, now() + delay); }

void UringReactor::cancel(Timer& timer) { timers_.remove(timer); }

void UringReactor::run() {
  CAIRN_ASSERT(!running_);
  running_ = true;
  ring_->enable();
  wake_read_->start();
  while (!stopping_) turn();
  draining_ = true;
  mailbox_.close();
  // The last letter ends the standing read; letters before it are delivered with it.
  const uint64_t one = 1;
  CAIRN_ASSERT(::write(mailbox_.wake_fd(), &one, sizeof(one)) == sizeof(one));
  while (operations_in_flight_ > 0 || !tasks_.empty()) turn();
  while (mailbox_.deliver_all() > 0 || operations_in_flight_ > 0 || !tasks_.empty()) turn();
}

void UringReactor::turn() {
  run_timers();
  run_tasks();
  enter();
  reap();
}

void UringReactor::run_tasks() {
  // Tasks that post tasks get a few rounds before the kernel is entered, which saves entering it
  // for each; but a task that posts itself for ever must not starve the ring.
  for (int round = 0; round < kTaskRoundsMax && !tasks_.empty(); ++round) {
    TaskQueue batch = tasks_;
    tasks_ = TaskQueue();
    while (Task* task = batch.pop()) task->run();
  }
}

void UringReactor::run_timers() {
  if (timers_.empty()) return;
  const Nanoseconds time = now();
  while (Timer* timer = timers_.pop_due(time)) timer->on_timer();
}

void UringReactor::enter() {
  io_uring* uring = &ring_->uring;
  const bool may_sleep = tasks_.empty() && io_uring_cq_ready(uring) == 0 &&
                         (draining_ ? operations_in_flight_ > 0 : !stopping_);
  int result = 0;
  if (!may_sleep) {
    if (io_uring_sq_ready(uring) > 0 || ring_->kernel_has_work()) {
      result = io_uring_submit_and_get_events(uring);
    }
  } else if (timers_.empty()) {
    result = io_uring_submit_and_wait(uring, 1);
  } else {
    const Nanoseconds time = now();
    const Nanoseconds deadline = timers_.deadline_min();
    const Nanoseconds delay = deadline > time ? deadline - time : 0;
    __kernel_timespec timeout{};
    timeout.tv_sec = static_cast<int64_t>(delay / kNanosecondsPerSecond);
    timeout.tv_nsec = static_cast<long long>(delay % kNanosecondsPerSecond);
    io_uring_cqe* cqe = nullptr;
    result = io_uring_submit_and_wait_timeout(uring, &cqe, 1, &timeout, nullptr);
  }
  // Out of memory or of completion room, a signal, a passed deadline: the next turn tries again.
  // Anything else is a bug.
  const bool expected =
      result >= 0 || result == -ETIME || result == -EINTR || result == -EAGAIN || result == -EBUSY;
  CAIRN_ASSERT(expected);
}

void UringReactor::reap() {
  io_uring* uring = &ring_->uring;
  // Only what is there by now, for the same fairness; an operation may be started while its
  // predecessors are reaped.
  for (unsigned count = io_uring_cq_ready(uring); count > 0; --count) {
    io_uring_cqe* cqe = nullptr;
    if (io_uring_peek_cqe(uring, &cqe) != 0) break;
    auto* completion = static_cast<Completion*>(io_uring_cqe_get_data(cqe));
    const int32_t result = cqe->res;
    io_uring_cqe_seen(uring, cqe);
    CAIRN_ASSERT(operations_in_flight_ > 0);
    --operations_in_flight_;
    completion->on_completion(result);
  }
}

io_uring_sqe& UringReactor::prepare() {
  io_uring* uring = &ring_->uring;
  for (int attempt = 0; attempt < kSubmitAttemptsMax; ++attempt) {
    if (io_uring_sqe* sqe = io_uring_get_sqe(uring)) return *sqe;
    CAIRN_ASSERT(running_);
    static_cast<void>(io_uring_submit(uring));
  }
  assertion_failed("io_uring accepts submissions", __FILE__, __LINE__);
}

void UringReactor::start(io_uring_sqe& sqe, Completion& completion) {
  io_uring_sqe_set_data(&sqe, &completion);
  ++operations_in_flight_;
}

int UringReactor::register_file(int fd) {
  if (!ring_->has_file_table) return -1;
  for (uint32_t slot = 0; slot < kFileSlots; ++slot) {
    if (ring_->slot_used[slot]) continue;
    if (io_uring_register_files_update(&ring_->uring, slot, &fd, 1) != 1) return -1;
    ring_->slot_used[slot] = true;
    return static_cast<int>(slot);
  }
  return -1;
}

void UringReactor::unregister_file(int slot) {
  CAIRN_ASSERT(slot >= 0);
  const auto index = static_cast<uint32_t>(slot);
  CAIRN_ASSERT(ring_->slot_used[index]);
  const int none = -1;
  // A thread other than the issuer is refused; the slot then lives until the ring goes.
  if (io_uring_register_files_update(&ring_->uring, index, &none, 1) != 1) return;
  ring_->slot_used[index] = false;
}

}  // namespace cairn::io
