#include "host/confined_child.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

#include "host/files.h"
#include "host/owned_fd.h"

namespace cairn::host {
namespace {

constexpr int kLockFd = 3;
constexpr int kHighestCapability = 63;
constexpr rlim_t kOpenFilesMax = 4096;

Status enter_cgroup(const LaunchOptions& options) {
  if (!options.cgroup) return {};
  const std::string path = *options.cgroup + "/cgroup.procs";
  const OwnedFd procs(::open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (!procs.open()) return errno_status(path, errno);
  return write_fully(procs.get(), "0");
}

Status limit(__rlimit_resource resource, rlim_t value, const char* name) {
  const rlimit both{value, value};
  if (::setrlimit(resource, &both) != 0) return errno_status(name, errno);
  return {};
}

Status set_limits(const LaunchOptions& options) {
  CAIRN_RETURN_IF_ERROR(limit(RLIMIT_CORE, 0, "RLIMIT_CORE"));
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0) return errno_status("RLIMIT_NOFILE", errno);
  const rlim_t open_files = files.rlim_max < kOpenFilesMax ? files.rlim_max : kOpenFilesMax;
  CAIRN_RETURN_IF_ERROR(limit(RLIMIT_NOFILE, open_files, "RLIMIT_NOFILE"));
  if (options.file_bytes_max) {
    CAIRN_RETURN_IF_ERROR(limit(RLIMIT_FSIZE, *options.file_bytes_max, "RLIMIT_FSIZE"));
  }
  return {};
}

void reset_signals() {
  for (int number = 1; number < NSIG; ++number) (void)std::signal(number, SIG_DFL);
  // A log that reaches its limit must not kill the guest: the write fails instead.
  (void)std::signal(SIGXFSZ, SIG_IGN);
  sigset_t none;
  sigemptyset(&none);
  (void)::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Status drop_rights(const LaunchOptions& options) {
  for (int capability = 0; capability <= kHighestCapability; ++capability) {
    // Refused without CAP_SETPCAP and beyond the kernel's last one; both leave nothing to drop.
    (void)::prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
  }
  (void)::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
  if (options.uid && options.gid) {
    if (::setgroups(options.groups.size(), options.groups.data()) != 0) {
      return errno_status("setgroups", errno);
    }
    if (::setresgid(*options.gid, *options.gid, *options.gid) != 0) {
      return errno_status("setresgid", errno);
    }
    if (::setresuid(*options.uid, *options.uid, *options.uid) != 0) {
      return errno_status("setresuid", errno);
    }
  }
  if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_status("no_new_privs", errno);
  return {};
}

/// dup2 clears close-on-exec; that is what makes a descriptor the program's.
Status give(int from, int to) {
  if (from == to) {
    if (::fcntl(from, F_SETFD, 0) != 0) return errno_status("fcntl", errno);
    return {};
  }
  if (::dup2(from, to) < 0) return errno_status("dup2", errno);
  return {};
}

/// Every descriptor moves above the targets first, so that no target overwrites a source.
Status arrange_descriptors(const LaunchOptions& options, const ChildDescriptors& fds) {
  const auto raise = [](int fd) { return ::fcntl(fd, F_DUPFD_CLOEXEC, kLastInheritedFd + 1); };
  const int lock = raise(fds.lock);
  const int log = raise(fds.log);
  const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  if (lock < 0 || log < 0 || null < 0) return errno_status("descriptors", errno);
  std::vector<int> files;
  for (const int fd : fds.files) {
    files.push_back(raise(fd));
    if (files.back() < 0) return errno_status("descriptors", errno);
  }
  CAIRN_RETURN_IF_ERROR(give(null, STDIN_FILENO));
  CAIRN_RETURN_IF_ERROR(give(log, STDOUT_FILENO));
  CAIRN_RETURN_IF_ERROR(give(log, STDERR_FILENO));
  CAIRN_RETURN_IF_ERROR(give(lock, kLockFd));
  for (size_t i = 0; i < files.size(); ++i) {
    CAIRN_RETURN_IF_ERROR(give(files[i], options.files[i].fd));
  }
  return {};
}

/// Marks close-on-exec whatever was inherited from the launcher's own parent.
Status seal_other_descriptors(const LaunchOptions& options) {
  const auto is_given = [&options](int fd) {
    if (fd <= kLockFd) return true;
    for (const InheritedFile& file : options.files) {
      if (file.fd == fd) return true;
    }
    return false;
  };
  for (int fd = kLockFd + 1; fd <= kLastInheritedFd; ++fd) {
    if (!is_given(fd)) (void)::fcntl(fd, F_SETFD, FD_CLOEXEC);
  }
  if (::syscall(SYS_close_range, static_cast<unsigned>(kLastInheritedFd + 1), ~0U,
                CLOSE_RANGE_CLOEXEC) != 0) {
    return errno_status("close_range", errno);
  }
  return {};
}

}  // namespace

Status become_program(const LaunchOptions& options, const ChildDescriptors& fds) {
  (void)::setsid();
  (void)::umask(0077);
  CAIRN_RETURN_IF_ERROR(enter_cgroup(options));
  CAIRN_RETURN_IF_ERROR(arrange_descriptors(options, fds));
  CAIRN_RETURN_IF_ERROR(seal_other_descriptors(options));
  CAIRN_RETURN_IF_ERROR(set_limits(options));
  CAIRN_RETURN_IF_ERROR(drop_rights(options));
  reset_signals();
  std::vector<char*> arguments;
  arguments.reserve(options.command.size() + 1);
  for (const std::string& argument : options.command) {
    arguments.push_back(const_cast<char*>(argument.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments.front(), arguments.data());
  return errno_status("cannot run " + options.command.front(), errno);
}

}  // namespace cairn::host
