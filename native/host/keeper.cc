#include "host/keeper.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <optional>

#include "host/keeper_backoff.h"
#include "host/keeper_client.h"
#include "host/keeper_message.h"
#include "host/owned_fd.h"

namespace cairn::host {

namespace {

constexpr int kChildFdFirst = 3;
constexpr size_t kFdsPerMessageMax = 253;
constexpr int kMessagesPerTurnMax = 1024;

uint64_t now_ms() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<uint64_t>(time.tv_sec) * 1000 +
         static_cast<uint64_t>(time.tv_nsec) / 1'000'000;
}

/// The identity of an open file: two descriptors of one socket have the same.
bool is_same_file(int a, int b) {
  struct stat first{};
  struct stat second{};
  return ::fstat(a, &first) == 0 && ::fstat(b, &second) == 0 && first.st_dev == second.st_dev &&
         first.st_ino == second.st_ino;
}

struct StoredFd {
  std::string name;
  OwnedFd fd;
};

class Keeper {
 public:
  explicit Keeper(const KeeperOptions& options) : options_(options) {}

  int run() {
    if (!open()) return 1;
    start_at_ms_ = now_ms();
    while (!exit_code_) turn();
    return *exit_code_;
  }

 private:
  bool open();
  void turn();
  [[nodiscard]] int wait_ms() const;
  void on_signals();
  void on_messages();
  void obey(const KeeperMessage& message, std::vector<OwnedFd> fds);
  void on_child_exit(int wait_status);
  void start();
  [[noreturn]] void become_child();
  void stop();

  const KeeperOptions& options_;
  OwnedFd signals_;
  OwnedFd notify_;
  std::string notify_name_;
  sigset_t signals_before_{};
  std::vector<StoredFd> stored_;
  KeeperBackoff backoff_;
  pid_t child_ = -1;
  uint64_t started_ms_ = 0;
  bool child_ready_ = false;
  bool ready_told_ = false;
  /// When to start the service next, if it does not run.
  std::optional<uint64_t> start_at_ms_;
  std::optional<uint64_t> kill_at_ms_;
  bool stopping_ = false;
  std::optional<int> exit_code_;
};

bool Keeper::open() {
  sigset_t handled;
  sigemptyset(&handled);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) sigaddset(&handled, signal);
  sigprocmask(SIG_BLOCK, &handled, &signals_before_);
  signals_.reset(::signalfd(-1, &handled, SFD_CLOEXEC | SFD_NONBLOCK));
  notify_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!signals_.open() || !notify_.open()) {
    std::perror("cairn-keeper: cannot begin");
    return false;
  }
  // The kernel picks a free abstract name, and tells with every datagram who sent it.
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  socklen_t length = sizeof(sa_family_t);
  const int on = 1;
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  bool ok = ::setsockopt(notify_.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) == 0 &&
            ::bind(notify_.get(), generic, length) == 0;
  length = sizeof(address);
  ok = ok && ::getsockname(notify_.get(), generic, &length) == 0;
  if (!ok || length <= offsetof(sockaddr_un, sun_path) + 1) {
    std::perror("cairn-keeper: cannot open the notify socket");
    return false;
  }
  const size_t name_bytes = length - offsetof(sockaddr_un, sun_path) - 1;
  notify_name_ = "@" + std::string(address.sun_path + 1, name_bytes);
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return true;
}

void Keeper::turn() {
  const uint64_t time = now_ms();
  if (start_at_ms_ && *start_at_ms_ <= time) start();
  if (kill_at_ms_ && *kill_at_ms_ <= time && child_ > 0) {
    std::fprintf(stderr, "cairn-keeper: the service did not stop in %u ms; killing it\n",
                 options_.stop_timeout_ms);
    ::kill(child_, SIGKILL);
    kill_at_ms_.reset();
  }
  pollfd sources[2] = {{signals_.get(), POLLIN, 0}, {notify_.get(), POLLIN, 0}};
  if (::poll(sources, 2, wait_ms()) < 0) return;
  // Messages first: what a service stored just before it died still counts.
  if (sources[1].revents != 0 || sources[0].revents != 0) on_messages();
  if (sources[0].revents != 0) on_signals();
}

int Keeper::wait_ms() const {
  std::optional<uint64_t> next = start_at_ms_;
  if (kill_at_ms_) next = next ? std::min(*next, *kill_at_ms_) : *kill_at_ms_;
  if (!next) return -1;
  const uint64_t time = now_ms();
  return *next <= time ? 0 : static_cast<int>(*next - time);
}

void Keeper::on_signals() {
  signalfd_siginfo info{};
  while (::read(signals_.get(), &info, sizeof(info)) == sizeof(info)) {
    if (info.ssi_signo == SIGHUP) {
      if (child_ > 0) ::kill(child_, SIGHUP);
    } else if (info.ssi_signo != SIGCHLD) {
      stop();
    }
  }
  int status = 0;
  for (pid_t pid = ::waitpid(-1, &status, WNOHANG); pid > 0;
       pid = ::waitpid(-1, &status, WNOHANG)) {
    if (pid == child_) on_child_exit(status);
  }
}

void Keeper::stop() {
  if (stopping_) return;
  stopping_ = true;
  start_at_ms_.reset();
  if (child_ <= 0) {
    exit_code_ = 0;
    return;
  }
  ::kill(child_, SIGTERM);
  kill_at_ms_ = now_ms() + options_.stop_timeout_ms;
}

void Keeper::on_child_exit(int wait_status) {
  child_ = -1;
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
  if (stopping_ || code == kKeeperExitConfiguration) {
    exit_code_ = code;
    return;
  }
  const uint64_t time = now_ms();
  const uint64_t delay_ms = backoff_.delay_ms_after(time - started_ms_, child_ready_);
  start_at_ms_ = time + delay_ms;
  std::fprintf(stderr,
               "cairn-keeper: the service ended with %s %d; starting it again in %llu ms with %zu "
               "kept descriptors\n",
               WIFEXITED(wait_status) ? "code" : "signal",
               WIFEXITED(wait_status) ? code : code - 128,
               static_cast<unsigned long long>(delay_ms), stored_.size());
}

void Keeper::start() {
  start_at_ms_.reset();
  child_ready_ = false;
  started_ms_ = now_ms();
  const pid_t parent = ::getpid();
  child_ = ::fork();
  if (child_ == 0) {
    // Without its keeper the service would hold drives that nobody can hand to a successor.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    become_child();
  }
  if (child_ < 0) start_at_ms_ = now_ms() + KeeperBackoff::kFirstDelayMs;
}

void Keeper::become_child() {
  // Its own process group: a terminal's Ctrl-C reaches the keeper, which stops the service in its
  // own way.
  ::setpgid(0, 0);
  const int count = static_cast<int>(stored_.size());
  // Out of the way of the final numbers first.
  for (StoredFd& stored : stored_) {
    const int moved = ::fcntl(stored.fd.get(), F_DUPFD_CLOEXEC, kChildFdFirst + count);
    if (moved < 0) ::_exit(1);
    stored.fd.reset(moved);
  }
  std::string names;
  for (int i = 0; i < count; ++i) {
    const StoredFd& stored = stored_[static_cast<size_t>(i)];
    if (::dup2(stored.fd.get(), kChildFdFirst + i) < 0) ::_exit(1);
    names.append(i == 0 ? "" : ":").append(stored.name);
  }
  ::setenv("NOTIFY_SOCKET", notify_name_.c_str(), 1);
  ::unsetenv("LISTEN_PID");
  ::unsetenv("LISTEN_FDS");
  ::unsetenv("LISTEN_FDNAMES");
  if (count > 0) {
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", std::to_string(count).c_str(), 1);
    ::setenv("LISTEN_FDNAMES", names.c_str(), 1);
  }
  sigprocmask(SIG_SETMASK, &signals_before_, nullptr);
  std::vector<char*> arguments;
  for (const std::string& part : options_.command) {
    arguments.push_back(const_cast<char*>(part.c_str()));
  }
  arguments.push_back(nullptr);
  ::execvp(arguments[0], arguments.data());
  std::fprintf(stderr, "cairn-keeper: cannot start %s: %s\n", arguments[0], std::strerror(errno));
  ::_exit(errno == ENOENT || errno == EACCES ? kKeeperExitConfiguration : 1);
}

void Keeper::on_messages() {
  for (int i = 0; i < kMessagesPerTurnMax; ++i) {
    char bytes[kKeeperMessageBytesMax + 1];
    alignas(cmsghdr) char
        control[CMSG_SPACE(sizeof(int) * kFdsPerMessageMax) + CMSG_SPACE(sizeof(ucred))];
    iovec part{bytes, sizeof(bytes)};
    msghdr header{};
    header.msg_iov = &part;
    header.msg_iovlen = 1;
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    const ssize_t length = ::recvmsg(notify_.get(), &header, MSG_CMSG_CLOEXEC);
    if (length < 0) return;
    std::vector<OwnedFd> fds;
    pid_t sender = -1;
    for (cmsghdr* entry = CMSG_FIRSTHDR(&header); entry != nullptr;
         entry = CMSG_NXTHDR(&header, entry)) {
      if (entry->cmsg_level != SOL_SOCKET) continue;
      if (entry->cmsg_type == SCM_CREDENTIALS) {
        ucred credentials{};
        std::memcpy(&credentials, CMSG_DATA(entry), sizeof(credentials));
        sender = credentials.pid;
      } else if (entry->cmsg_type == SCM_RIGHTS) {
        for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= entry->cmsg_len; at += sizeof(int)) {
          int fd = -1;
          std::memcpy(&fd, CMSG_DATA(entry) + at, sizeof(fd));
          fds.emplace_back(fd);
        }
      }
    }
    if (sender != child_ || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) continue;
    const auto message = parse_keeper_message({bytes, static_cast<size_t>(length)});
    if (message) obey(*message, std::move(fds));
  }
}

void Keeper::obey(const KeeperMessage& message, std::vector<OwnedFd> fds) {
  if (message.ready) {
    child_ready_ = true;
    if (!ready_told_ && keeper_present()) static_cast<void>(keeper_notify("READY=1"));
    ready_told_ = true;
  }
  if (message.remove) {
    std::erase_if(stored_, [&](const StoredFd& stored) { return stored.name == message.name; });
  } else if (message.store) {
    for (OwnedFd& fd : fds) {
      const bool known = std::any_of(stored_.begin(), stored_.end(), [&](const StoredFd& stored) {
        return stored.name == message.name && is_same_file(stored.fd.get(), fd.get());
      });
      if (known || stored_.size() >= options_.fds_max) continue;
      stored_.push_back({message.name, std::move(fd)});
    }
  }
}

}  // namespace

int run_keeper(const KeeperOptions& options) { return Keeper(options).run(); }

}  // namespace cairn::host
