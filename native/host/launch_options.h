// The command line of cairn-vm-launch, parsed and checked.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/status.h"

namespace cairn::host {

/// A file that the launcher opens with its own rights and hands to the program as descriptor `fd`.
struct InheritedFile {
  enum class Mode : uint8_t {
    read_only,
    read_write,
    append,  ///< A log: appended to by the program, kept below log_bytes_max by the launcher.
    tap,     ///< `path` is the name of an existing tap; the program needs no right to open it.
  };
  int fd = -1;
  Mode mode = Mode::read_only;
  std::string path;
};

struct LaunchOptions {
  std::string directory;     ///< Where lock, process.json, exit.json, qemu.pid and logs live.
  std::optional<uid_t> uid;  ///< Absent: the launcher's own.
  std::optional<gid_t> gid;
  std::vector<gid_t> groups;  ///< Supplementary groups; only with uid.
  std::vector<InheritedFile> files;
  uint64_t log_bytes_max = 1U << 20U;
  std::optional<uint64_t> file_bytes_max;  ///< RLIMIT_FSIZE of the program.
  std::optional<std::string> cgroup;       ///< Directory of a cgroup, made if absent.
  std::vector<std::string> command;        ///< Program and arguments.
};

/// Descriptors below this one are the launcher's: standard streams and the lock.
inline constexpr int kFirstInheritedFd = 10;
inline constexpr int kLastInheritedFd = 63;

[[nodiscard]] Result<LaunchOptions> parse_launch_options(const std::vector<std::string>& arguments);

inline constexpr const char* kLaunchUsage =
    "usage: cairn-vm-launch --dir DIR [--uid N --gid N [--groups N,N]] [--file "
    "FD:ro|rw|append:PATH|FD:tap:NAME]\n"
    "         [--log-bytes N] [--file-bytes N] [--cgroup DIR] -- PROGRAM [ARGUMENT...]\n";

}  // namespace cairn::host
