#include "host/kvm_probe.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>

#include "host/files.h"
#include "host/json_text.h"
#include "host/kvm_loop.h"
#include "host/owned_fd.h"

namespace cairn::host {
namespace {

using Clock = std::chrono::steady_clock;

/// A busy host may leave the child without a CPU; such a run says nothing and is repeated.
constexpr int kAttempts = 3;
constexpr double kConclusiveCpuMs = 1;

/// What the child sends through the pipe. Both ends are one program, so its layout is shared.
struct ChildAnswer {
  ErrorKind kind = ErrorKind::ok;
  KvmMeasurement measurement;
  char context[160] = {};
};

void run_child(int pipe_fd, const std::string& device) {
  ChildAnswer answer;
  const Result<KvmMeasurement> result = run_kvm_loop(device);
  answer.kind = result.status().kind();
  if (result.ok()) answer.measurement = result.value();
  std::strncpy(answer.context, result.status().context().c_str(), sizeof answer.context - 1);
  const std::string_view bytes(reinterpret_cast<const char*>(&answer), sizeof answer);
  ::_exit(write_fully(pipe_fd, bytes).ok() ? 0 : 1);
}

/// Waits for the child's answer until the deadline; the child is gone afterwards.
Result<ChildAnswer> run_attempt(const std::string& device) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return errno_status("pipe", errno);
  const OwnedFd reader(ends[0]);
  OwnedFd writer(ends[1]);
  const pid_t child = ::fork();
  if (child < 0) return errno_status("fork", errno);
  if (child == 0) run_child(writer.get(), device);
  writer.reset();

  pollfd wait{reader.get(), POLLIN, 0};
  const int ready = ::poll(&wait, 1, kDeadlineMs);
  ChildAnswer answer;
  ssize_t got = 0;
  if (ready > 0) got = ::read(reader.get(), &answer, sizeof answer);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  if (ready == 0) {
    return Status(ErrorKind::timed_out,
                  "guest code did not return within " + std::to_string(kDeadlineMs) + " ms");
  }
  if (got != static_cast<ssize_t>(sizeof answer)) {
    return Status(ErrorKind::io_error, "the self-test died");
  }
  answer.context[sizeof answer.context - 1] = '\0';
  return answer;
}

KvmReport refuse(KvmVerdict verdict, std::string reason) {
  return {verdict, std::move(reason), std::nullopt, 0};
}

KvmReport judge_answer(const ChildAnswer& answer) {
  switch (answer.kind) {
    case ErrorKind::ok:
      return judge_kvm(answer.measurement, ::access("/sys/module/kvm_pvm", F_OK) == 0);
    case ErrorKind::not_found:
    case ErrorKind::unsupported:
      return refuse(KvmVerdict::absent, answer.context);
    default:
      return refuse(KvmVerdict::unusable, answer.context);
  }
}

bool conclusive(const Result<ChildAnswer>& result) {
  if (!result.ok()) return result.status().kind() != ErrorKind::timed_out;
  return result.value().kind != ErrorKind::ok ||
         result.value().measurement.cpu_ms >= kConclusiveCpuMs;
}

const char* name_of(KvmVerdict verdict) {
  switch (verdict) {
    case KvmVerdict::usable:
      return "usable";
    case KvmVerdict::degraded:
      return "degraded";
    case KvmVerdict::unusable:
      return "unusable";
    case KvmVerdict::absent:
      return "absent";
  }
  return "unusable";
}

std::string number(const char* format, double value) {
  char text[64] = {};
  (void)std::snprintf(text, sizeof text, format, value);
  return text;
}

}  // namespace

KvmReport judge_kvm(const KvmMeasurement& measurement, bool pvm_host) {
  const double cpu_ms = std::max(std::min(measurement.cpu_ms, measurement.wall_ms), 0.001);
  const double rate = static_cast<double>(measurement.iterations) / cpu_ms / 1000;
  KvmReport report;
  report.rate_million_per_second = rate;
  report.verdict = rate > kUsableMillionPerSecond      ? KvmVerdict::usable
                   : rate >= kDegradedMillionPerSecond ? KvmVerdict::degraded
                                                       : KvmVerdict::unusable;
  report.reason = "guest code runs at " + number("%.2f", rate) +
                  " million loop iterations per second of CPU time";
  if (report.verdict == KvmVerdict::usable) return report;
  report.reason += "; hardware virtualisation does more than " +
                   number("%.0f", kUsableMillionPerSecond) + " million";
  if (pvm_host) report.reason += " (this host emulates KVM: kvm_pvm)";
  return report;
}

KvmReport probe_kvm(const std::string& device) {
  const Clock::time_point start = Clock::now();
  Result<ChildAnswer> result = run_attempt(device);
  for (int attempt = 1; attempt < kAttempts && !conclusive(result); ++attempt) {
    result = run_attempt(device);
  }
  KvmReport report = result.ok() ? judge_answer(result.value())
                                 : refuse(KvmVerdict::unusable, result.status().context());
  report.elapsed_ms = std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  return report;
}

std::string to_json(const KvmReport& report) {
  std::string line = "{\"verdict\":\"";
  line.append(name_of(report.verdict)).append("\",\"reason\":").append(json_quote(report.reason));
  line.append(",\"rateMillionPerSecond\":");
  line.append(report.rate_million_per_second ? number("%.3f", *report.rate_million_per_second)
                                             : "null");
  line.append(",\"elapsedMs\":").append(number("%.1f", report.elapsed_ms)).append("}\n");
  return line;
}

}  // namespace cairn::host
