#include "host/vm_launcher.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>

#include "host/confined_child.h"
#include "host/files.h"
#include "host/json_text.h"
#include "host/log_rotation.h"
#include "host/network_devices.h"

namespace cairn::host {
namespace {

constexpr int kLogCheckMs = 1000;
constexpr const char* kLogName = "qemu.log";

std::string identity_json(const ProcessIdentity& process) {
  return "{\"pid\":" + std::to_string(process.pid) + ",\"startTime\":\"" +
         std::to_string(process.start_time) + "\"";
}

int open_flags(InheritedFile::Mode mode) {
  switch (mode) {
    case InheritedFile::Mode::read_only:
    case InheritedFile::Mode::tap:
      return O_RDONLY;
    case InheritedFile::Mode::read_write:
      return O_RDWR;
    case InheritedFile::Mode::append:
      return O_WRONLY | O_APPEND | O_CREAT;
  }
  return O_RDONLY;
}

Result<OwnedFd> open_inherited(const InheritedFile& file) {
  if (file.mode == InheritedFile::Mode::tap) return open_tap(file.path);
  OwnedFd opened(::open(file.path.c_str(), open_flags(file.mode) | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!opened.open()) return errno_status(file.path, errno);
  return opened;
}

std::string base_name(const std::string& path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

Result<ProcessIdentity> VmLauncher::start() {
  Result<std::string> boot_id = read_boot_id();
  if (!boot_id.ok()) return boot_id.status();
  boot_id_ = std::move(boot_id).value();
  CAIRN_RETURN_IF_ERROR(take_lock());
  CAIRN_RETURN_IF_ERROR(open_files());
  CAIRN_RETURN_IF_ERROR(make_cgroup());

  int go_ends[2] = {-1, -1};
  int error_ends[2] = {-1, -1};
  if (::pipe2(go_ends, O_CLOEXEC) != 0) return errno_status("pipe", errno);
  OwnedFd go_reader(go_ends[0]);
  OwnedFd go_writer(go_ends[1]);
  if (::pipe2(error_ends, O_CLOEXEC) != 0) return errno_status("pipe", errno);
  OwnedFd error_reader(error_ends[0]);
  OwnedFd error_writer(error_ends[1]);

  const pid_t child = ::fork();
  if (child < 0) return errno_status("fork", errno);
  if (child == 0) {
    go_writer.reset();
    char go = 0;
    if (::read(go_reader.get(), &go, 1) != 1) ::_exit(1);  // The launcher gave up.
    ChildDescriptors fds{lock_.get(), log_.get(), {}, error_writer.get()};
    for (const OwnedFd& file : files_) fds.files.push_back(file.get());
    const Status status = become_program(options_, fds);
    (void)write_fully(error_writer.get(), status.context());
    ::_exit(127);
  }
  error_writer.reset();
  process_.pid = child;
  Status status = record_process();
  if (status.ok()) status = write_fully(go_writer.get(), "g");
  go_writer.reset();
  if (status.ok()) status = wait_for_exec(error_reader.get());
  if (!status.ok()) {
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    (void)::unlinkat(directory_.get(), "process.json", 0);
    (void)::unlinkat(directory_.get(), "qemu.pid", 0);
    return status;
  }
  lock_.reset();  // From here on only the program holds it.
  return process_;
}

Status VmLauncher::take_lock() {
  directory_.reset(::open(options_.directory.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (!directory_.open()) return errno_status(options_.directory, errno);
  lock_.reset(::openat(directory_.get(), "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!lock_.open()) return errno_status("lock", errno);
  if (::flock(lock_.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return {ErrorKind::busy, "this VM has a running process"};
    return errno_status("flock", errno);
  }
  for (const char* stale : {"exit.json", "process.json", "qemu.pid"}) {
    (void)::unlinkat(directory_.get(), stale, 0);
  }
  return {};
}

Status VmLauncher::open_files() {
  // Readable too, because this process rotates what the program appends.
  log_.reset(::openat(directory_.get(), kLogName,
                      O_RDWR | O_APPEND | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!log_.open()) return errno_status(kLogName, errno);
  for (const InheritedFile& file : options_.files) {
    Result<OwnedFd> opened = open_inherited(file);
    if (!opened.ok()) return opened.status();
    files_.push_back(std::move(opened).value());
  }
  return {};
}

Status VmLauncher::make_cgroup() {
  if (!options_.cgroup) return {};
  if (::mkdir(options_.cgroup->c_str(), 0755) != 0 && errno != EEXIST) {
    return errno_status(*options_.cgroup, errno);
  }
  return {};
}

Status VmLauncher::record_process() {
  Result<ProcessIdentity> identity = read_process_identity(process_.pid);
  if (!identity.ok()) return identity.status();
  process_ = identity.value();
  const std::string record =
      identity_json(process_) + ",\"bootId\":" + json_quote(boot_id_) + "}\n";
  CAIRN_RETURN_IF_ERROR(replace_file(directory_.get(), "process.json", record));
  return replace_file(directory_.get(), "qemu.pid", std::to_string(process_.pid) + "\n");
}

Status VmLauncher::wait_for_exec(int error_fd) {
  std::array<char, 512> text{};
  ssize_t got = 0;
  do {
    got = ::read(error_fd, text.data(), text.size());
  } while (got < 0 && errno == EINTR);
  if (got == 0) return {};  // exec closed the other end.
  if (got < 0) return errno_status("read", errno);
  return {ErrorKind::io_error, std::string(text.data(), static_cast<size_t>(got))};
}

Status VmLauncher::supervise() {
  Result<OwnedFd> pidfd = open_process(process_.pid, process_.start_time);
  if (pidfd.ok()) {
    pollfd wait{pidfd.value().get(), POLLIN, 0};
    while (::poll(&wait, 1, kLogCheckMs) <= 0) rotate_logs();
  }
  int wait_status = 0;
  while (::waitpid(process_.pid, &wait_status, 0) < 0) {
    if (errno != EINTR) return errno_status("waitpid", errno);
  }
  rotate_logs();
  const Status recorded = record_exit(wait_status);
  (void)::unlinkat(directory_.get(), "qemu.pid", 0);
  if (options_.cgroup) (void)::rmdir(options_.cgroup->c_str());
  return recorded;
}

void VmLauncher::rotate_logs() {
  // A failure here costs log lines, never the guest; the next round tries again.
  (void)rotate_log(directory_.get(), kLogName, log_.get(), options_.log_bytes_max);
  for (size_t i = 0; i < files_.size(); ++i) {
    if (options_.files[i].mode != InheritedFile::Mode::append) continue;
    const std::string name = base_name(options_.files[i].path);
    const OwnedFd readable(
        ::openat(directory_.get(), name.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!readable.open()) continue;
    (void)rotate_log(directory_.get(), name, readable.get(), options_.log_bytes_max);
  }
}

Status VmLauncher::record_exit(int wait_status) {
  std::string record = identity_json(process_);
  if (WIFSIGNALED(wait_status)) {
    const char* name = ::sigabbrev_np(WTERMSIG(wait_status));
    const std::string signal =
        name == nullptr ? std::to_string(WTERMSIG(wait_status)) : std::string("SIG") + name;
    record += ",\"exitCode\":null,\"signal\":" + json_quote(signal);
  } else {
    record += ",\"exitCode\":" + std::to_string(WEXITSTATUS(wait_status)) + ",\"signal\":null";
  }
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  const auto ended_at = std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
  record += ",\"endedAtMs\":" + std::to_string(ended_at) + "}\n";
  return replace_file(directory_.get(), "exit.json", record);
}

}  // namespace cairn::host
