#include "host/kvm_loop.h"

#include <fcntl.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <ctime>

#include "host/files.h"
#include "host/owned_fd.h"

namespace cairn::host {
namespace {

constexpr int kApiVersion = 12;
constexpr size_t kGuestBytes = 2U << 20U;
constexpr uint64_t kIterations = 40'000'000;
constexpr uint64_t kPml4 = 0x1000;
constexpr uint64_t kPdpt = 0x2000;
constexpr uint64_t kPageDirectory = 0x3000;
constexpr uint64_t kCode = 0x4000;

// loop: dec rcx; jnz loop; mov al, 'K'; out dx, al; jmp $
constexpr std::array<uint8_t, 10> kProgram = {0x48, 0xff, 0xc9, 0x75, 0xfb,
                                              0xb0, 0x4b, 0xee, 0xeb, 0xfe};

// Written by the signal handler: makes KVM_RUN return at the end of the window.
kvm_run* volatile running_vcpu = nullptr;

void end_of_window(int /*signal*/) {
  if (kvm_run* run = running_vcpu) run->immediate_exit = 1;
}

double now_ms(clockid_t clock) {
  timespec time{};
  ::clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

Status failed(const char* call) {
  return {ErrorKind::io_error, errno_status(call, errno).context()};
}

void store_u64(uint8_t* memory, uint64_t address, uint64_t value) {
  std::memcpy(memory + address, &value, sizeof value);
}

/// One 2 MiB page, identity-mapped, with the program in it.
void write_guest(uint8_t* memory) {
  constexpr uint64_t kPresentWritable = 0x3;
  constexpr uint64_t kHugePage = 0x80;
  store_u64(memory, kPml4, kPdpt | kPresentWritable);
  store_u64(memory, kPdpt, kPageDirectory | kPresentWritable);
  store_u64(memory, kPageDirectory, kPresentWritable | kHugePage);
  std::memcpy(memory + kCode, kProgram.data(), kProgram.size());
}

Status enter_long_mode(int vcpu) {
  kvm_sregs sregs{};
  if (::ioctl(vcpu, KVM_GET_SREGS, &sregs) < 0) return failed("KVM_GET_SREGS");
  sregs.cr3 = kPml4;
  sregs.cr4 = 0x20;        // PAE
  sregs.cr0 = 0x80050033;  // PG, AM, WP, NE, ET, MP, PE
  sregs.efer = 0x500;      // LMA, LME
  kvm_segment code{};
  code.limit = 0xffffffff;
  code.selector = 8;
  code.present = 1;
  code.type = 11;
  code.s = 1;
  code.l = 1;
  code.g = 1;
  kvm_segment data = code;
  data.type = 3;
  data.selector = 16;
  data.l = 0;
  data.db = 1;
  sregs.cs = code;
  sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
  if (::ioctl(vcpu, KVM_SET_SREGS, &sregs) < 0) return failed("KVM_SET_SREGS");

  kvm_regs regs{};
  regs.rip = kCode;
  regs.rcx = kIterations;
  regs.rdx = 0x3f8;
  regs.rflags = 2;
  if (::ioctl(vcpu, KVM_SET_REGS, &regs) < 0) return failed("KVM_SET_REGS");
  return {};
}

/// Sends SIGUSR2 at the end of the window, and again each 5 ms for the case that the first one
/// came just before KVM_RUN was entered.
class Window {
 public:
  explicit Window(kvm_run* run) {
    running_vcpu = run;
    struct sigaction action{};
    action.sa_handler = end_of_window;
    ::sigaction(SIGUSR2, &action, nullptr);
    sigevent event{};
    event.sigev_notify = SIGEV_SIGNAL;
    event.sigev_signo = SIGUSR2;
    armed_ = ::timer_create(CLOCK_MONOTONIC, &event, &timer_) == 0;
    const itimerspec when{{0, 5'000'000}, {0, kWindowMs * 1'000'000L}};
    armed_ = armed_ && ::timer_settime(timer_, 0, &when, nullptr) == 0;
  }
  Window(const Window&) = delete;
  Window& operator=(const Window&) = delete;
  ~Window() {
    if (armed_) ::timer_delete(timer_);
    running_vcpu = nullptr;
  }
  [[nodiscard]] bool armed() const { return armed_; }

 private:
  timer_t timer_{};
  bool armed_ = false;
};

Result<KvmMeasurement> measure(int vcpu, kvm_run* run) {
  const Window window(run);
  if (!window.armed()) return failed("timer_settime");
  const double wall_start = now_ms(CLOCK_MONOTONIC);
  const double cpu_start = now_ms(CLOCK_THREAD_CPUTIME_ID);
  const int outcome = ::ioctl(vcpu, KVM_RUN, 0);
  const int error = errno;
  KvmMeasurement measurement;
  measurement.cpu_ms = now_ms(CLOCK_THREAD_CPUTIME_ID) - cpu_start;
  measurement.wall_ms = now_ms(CLOCK_MONOTONIC) - wall_start;
  if (outcome < 0 && error != EINTR) return errno_status("KVM_RUN", error);
  if (outcome == 0 && run->exit_reason != KVM_EXIT_IO) {
    return Status(ErrorKind::io_error,
                  "KVM_RUN ended with exit reason " + std::to_string(run->exit_reason));
  }
  kvm_regs regs{};
  if (::ioctl(vcpu, KVM_GET_REGS, &regs) < 0) return failed("KVM_GET_REGS");
  if (regs.rcx > kIterations) return Status(ErrorKind::io_error, "the loop counter is nonsense");
  measurement.iterations = kIterations - regs.rcx;
  return measurement;
}

}  // namespace

Result<KvmMeasurement> run_kvm_loop(const std::string& device) {
  const OwnedFd kvm(::open(device.c_str(), O_RDWR | O_CLOEXEC));
  if (!kvm.open()) return errno_status("open " + device, errno);
  const int version = ::ioctl(kvm.get(), KVM_GET_API_VERSION, 0);
  if (version != kApiVersion) return Status(ErrorKind::io_error, "the KVM API is not version 12");
  const OwnedFd vm(::ioctl(kvm.get(), KVM_CREATE_VM, 0));
  if (!vm.open()) return failed("KVM_CREATE_VM");

  void* memory =
      ::mmap(nullptr, kGuestBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return failed("mmap");
  write_guest(static_cast<uint8_t*>(memory));
  kvm_userspace_memory_region region{};
  region.memory_size = kGuestBytes;
  region.userspace_addr = reinterpret_cast<uint64_t>(memory);
  if (::ioctl(vm.get(), KVM_SET_USER_MEMORY_REGION, &region) < 0) {
    return failed("KVM_SET_USER_MEMORY_REGION");
  }
  const OwnedFd vcpu(::ioctl(vm.get(), KVM_CREATE_VCPU, 0));
  if (!vcpu.open()) return failed("KVM_CREATE_VCPU");
  const int run_bytes = ::ioctl(kvm.get(), KVM_GET_VCPU_MMAP_SIZE, 0);
  if (run_bytes < static_cast<int>(sizeof(kvm_run))) return failed("KVM_GET_VCPU_MMAP_SIZE");
  void* run = ::mmap(nullptr, static_cast<size_t>(run_bytes), PROT_READ | PROT_WRITE, MAP_SHARED,
                     vcpu.get(), 0);
  if (run == MAP_FAILED) return failed("mmap of the vCPU");
  CAIRN_RETURN_IF_ERROR(enter_long_mode(vcpu.get()));
  return measure(vcpu.get(), static_cast<kvm_run*>(run));
}

}  // namespace cairn::host
