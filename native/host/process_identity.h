// Which process a pid means. A pid alone is reused; a pid with its start time, on one boot, is not.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/status.h"
#include "host/owned_fd.h"

namespace cairn::host {

struct ProcessIdentity {
  pid_t pid = 0;
  uint64_t start_time = 0;  ///< Clock ticks since boot, field 22 of /proc/PID/stat.
  char state = '?';         ///< Z and X are dead processes that nobody reaped yet.
};

/// `not_found` when no such process exists.
[[nodiscard]] Result<ProcessIdentity> read_process_identity(pid_t pid);

/// Pure: the fields of one /proc/PID/stat line. The command in it may hold spaces and brackets.
[[nodiscard]] Result<ProcessIdentity> parse_process_stat(const std::string& line);

/// The kernel's random id of this boot.
[[nodiscard]] Result<std::string> read_boot_id();

/// A pidfd that surely means the process with that start time: the pidfd is opened first and the
/// start time read after, so a pid recycled in between is noticed. `not_found` otherwise, and for
/// zombies.
[[nodiscard]] Result<OwnedFd> open_process(pid_t pid, uint64_t start_time);

/// Sends `signal` through the pidfd: it can only reach the process the pidfd was opened for.
[[nodiscard]] Status signal_process(const OwnedFd& pidfd, int signal);

}  // namespace cairn::host
