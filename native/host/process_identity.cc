#include "host/process_identity.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <sstream>

#include "host/files.h"

namespace cairn::host {
namespace {

constexpr size_t kStatBytesMax = 4096;
// Fields between the state (3) and the start time (22) of proc(5).
constexpr int kFieldsBeforeStartTime = 18;

}  // namespace

Result<ProcessIdentity> parse_process_stat(const std::string& line) {
  const Status broken(ErrorKind::corrupt, "unreadable process stat");
  const size_t command_end = line.rfind(')');
  if (command_end == std::string::npos) return broken;
  ProcessIdentity identity;
  std::istringstream head(line);
  if (!(head >> identity.pid)) return broken;
  std::istringstream fields(line.substr(command_end + 1));
  if (!(fields >> identity.state)) return broken;
  std::string skipped;
  for (int field = 0; field < kFieldsBeforeStartTime; ++field) {
    if (!(fields >> skipped)) return broken;
  }
  if (!(fields >> identity.start_time)) return broken;
  return identity;
}

Result<ProcessIdentity> read_process_identity(pid_t pid) {
  Result<std::string> line =
      read_small_file("/proc/" + std::to_string(pid) + "/stat", kStatBytesMax);
  if (!line.ok()) return line.status();
  return parse_process_stat(line.value());
}

Result<std::string> read_boot_id() {
  Result<std::string> text = read_small_file("/proc/sys/kernel/random/boot_id", 64);
  if (!text.ok()) return text.status();
  std::string id = std::move(text).value();
  while (!id.empty() && id.back() == '\n') id.pop_back();
  return id;
}

Result<OwnedFd> open_process(pid_t pid, uint64_t start_time) {
  OwnedFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U)));
  if (!pidfd.open()) return errno_status("pidfd_open", errno);
  Result<ProcessIdentity> identity = read_process_identity(pid);
  if (!identity.ok()) return identity.status();
  const bool dead = identity.value().state == 'Z' || identity.value().state == 'X';
  if (dead || identity.value().start_time != start_time) {
    return Status(ErrorKind::not_found, "process " + std::to_string(pid) + " is gone");
  }
  return pidfd;
}

Status signal_process(const OwnedFd& pidfd, int signal) {
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0U) != 0) {
    return errno_status("pidfd_send_signal", errno);
  }
  return {};
}

}  // namespace cairn::host
