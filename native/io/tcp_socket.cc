#include "io/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>

#include "io/errno_status.h"

namespace cairn::io {

namespace {

/// A connection whose other end has vanished ends after about five seconds: by the first of these
/// when something was sent, by the others when nothing was.
constexpr int kUserTimeoutMs = 5000;
constexpr int kKeepAliveIdleS = 2;
constexpr int kKeepAliveIntervalS = 1;
constexpr int kKeepAliveCount = 3;

Status set_option(int fd, int level, int option, int value) {
  if (::setsockopt(fd, level, option, &value, sizeof value) == 0) return Status();
  return errno_status(errno, "set a socket's option");
}

/// Connections that are accepted inherit all of it from their listening socket.
Status set_options(int fd) {
  // Whole batches of messages are written at once; waiting for more only costs time.
  CAIRN_RETURN_IF_ERROR(set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1));
  CAIRN_RETURN_IF_ERROR(set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUserTimeoutMs));
  CAIRN_RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1));
  CAIRN_RETURN_IF_ERROR(set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleS));
  CAIRN_RETURN_IF_ERROR(set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalS));
  return set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveCount);
}

Result<std::string> listen_at(int fd, const std::string& text, const TcpAddress& address,
                              int backlog) {
  CAIRN_RETURN_IF_ERROR(set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1));
  if (address.bytes.ss_family == AF_INET6) {
    // An IPv6 address is that and no other: "[::]" does not take the IPv4 port along.
    CAIRN_RETURN_IF_ERROR(set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1));
  }
  if (::bind(fd, address.generic(), address.size) != 0) return errno_status(errno, "bind " + text);
  if (::listen(fd, backlog) != 0) return errno_status(errno, "listen on " + text);
  TcpAddress bound;
  bound.size = sizeof bound.bytes;
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&bound.bytes), &bound.size) != 0) {
    return errno_status(errno, "the address of " + text);
  }
  return to_string(bound);
}

}  // namespace

Result<int> make_tcp_socket(const TcpAddress& address) {
  const int fd = ::socket(address.bytes.ss_family, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP);
  if (fd < 0) return errno_status(errno, "socket");
  Status status = set_options(fd);
  if (status.ok()) return fd;
  ::close(fd);
  return status;
}

Result<TcpListening> listen_tcp(const std::string& text, int backlog) {
  const auto address = parse_tcp_address(text);
  if (!address.ok()) return address.status();
  const auto fd = make_tcp_socket(address.value());
  if (!fd.ok()) return fd.status();
  auto bound = listen_at(fd.value(), text, address.value(), backlog);
  if (bound.ok()) return TcpListening{.fd = fd.value(), .address = std::move(bound).value()};
  ::close(fd.value());
  return bound.status();
}

}  // namespace cairn::io
