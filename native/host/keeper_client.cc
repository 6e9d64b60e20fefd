#include "host/keeper_client.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <system_error>

#include "host/owned_fd.h"

namespace cairn::host {

namespace {

constexpr int kInheritedFirst = 3;
constexpr int kInheritedMax = 4096;

Status failure(int error, std::string_view what) {
  const ErrorKind kind =
      error == ENOENT || error == ECONNREFUSED ? ErrorKind::not_found : ErrorKind::io_error;
  return Status(kind, std::string(what) + ": " + std::generic_category().message(error));
}

std::string_view environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

/// Fills `address` from $NOTIFY_SOCKET; a leading @ names the abstract space.
Result<socklen_t> keeper_address(sockaddr_un& address) {
  const std::string_view path = environment("NOTIFY_SOCKET");
  if (path.empty())
    return Status(ErrorKind::unsupported, "no supervisor: NOTIFY_SOCKET is not set");
  const bool usable = (path[0] == '/' || path[0] == '@') && path.size() < sizeof(address.sun_path);
  if (!usable) return Status(ErrorKind::invalid_argument, "NOTIFY_SOCKET is no socket address");
  address = {};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  if (path[0] == '@') address.sun_path[0] = '\0';
  return static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size());
}

Status send(std::string_view message, int fd) {
  sockaddr_un address{};
  const auto length = keeper_address(address);
  if (!length.ok()) return length.status();
  const OwnedFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.open()) return failure(errno, "socket");
  iovec part{const_cast<char*>(message.data()), message.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_name = &address;
  header.msg_namelen = length.value();
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  if (fd >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &fd, sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = ::sendmsg(socket.get(), &header, MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  return sent >= 0 ? Status() : failure(errno, "notify the supervisor");
}

int parse_number(std::string_view text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : -1;
}

}  // namespace

bool is_keeper_name(std::string_view name) {
  return !name.empty() && name.size() <= kKeeperNameBytesMax &&
         std::all_of(name.begin(), name.end(),
                     [](char c) { return c > ' ' && c < '\x7f' && c != ':'; });
}

bool keeper_present() { return !environment("NOTIFY_SOCKET").empty(); }

Status keeper_notify(std::string_view message) { return send(message, -1); }

Status keeper_store(std::string_view name, int fd) {
  if (!is_keeper_name(name)) return Status(ErrorKind::invalid_argument, "name of a descriptor");
  // FDPOLL=0: a listening socket never hangs up, and nothing else is stored.
  return send("FDSTORE=1\nFDPOLL=0\nFDNAME=" + std::string(name), fd);
}

Status keeper_remove(std::string_view name) {
  if (!is_keeper_name(name)) return Status(ErrorKind::invalid_argument, "name of a descriptor");
  return send("FDSTOREREMOVE=1\nFDNAME=" + std::string(name), -1);
}

std::vector<InheritedFd> keeper_inherited() {
  std::vector<InheritedFd> inherited;
  if (parse_number(environment("LISTEN_PID")) != ::getpid()) return inherited;
  const int count = std::min(parse_number(environment("LISTEN_FDS")), kInheritedMax);
  std::string_view names = environment("LISTEN_FDNAMES");
  for (int fd = kInheritedFirst; fd < kInheritedFirst + count; ++fd) {
    const size_t colon = names.find(':');
    const std::string_view name = names.substr(0, colon);
    names = colon == std::string_view::npos ? std::string_view() : names.substr(colon + 1);
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) != 0) continue;
    inherited.push_back({name.empty() ? "unknown" : std::string(name), fd});
  }
  return inherited;
}

}  // namespace cairn::host
