#include "io/unix_socket.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "io/errno_status.h"

namespace cairn::io {

namespace {

static_assert(kSocketPathBytesMax == sizeof(sockaddr_un::sun_path) - 1);

Result<sockaddr_un> address_of(const std::string& path) {
  if (path.empty() || path.size() > kSocketPathBytesMax) {
    return Status(ErrorKind::invalid_argument, "socket path of " + std::to_string(path.size()) +
                                                   " bytes; at most 107 fit: " + path);
  }
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

const sockaddr* generic(const sockaddr_un& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}

/// Removes the socket file of a listener that is gone.
Status remove_stale(const std::string& path) {
  struct stat info{};
  if (::lstat(path.c_str(), &info) != 0) {
    return errno == ENOENT ? Status() : errno_status(errno, "stat " + path);
  }
  if (!S_ISSOCK(info.st_mode)) return Status(ErrorKind::already_exists, path + " is not a socket");
  if (auto peer = connect_unix(path); peer.ok()) {
    ::close(peer.value());
    return Status(ErrorKind::busy, path + " is listened on by another process");
  }
  return ::unlink(path.c_str()) == 0 ? Status() : errno_status(errno, "unlink " + path);
}

Status bind_and_listen(int fd, const std::string& path, const sockaddr_un& address, uint32_t mode,
                       int backlog) {
  if (::bind(fd, generic(address), sizeof(address)) != 0)
    return errno_status(errno, "bind " + path);
  // Nobody can connect before listen, so the permissions hold for every connection.
  if (::chmod(path.c_str(), mode) != 0) return errno_status(errno, "chmod " + path);
  if (::listen(fd, backlog) != 0) return errno_status(errno, "listen on " + path);
  return Status();
}

}  // namespace

Result<int> listen_unix(const std::string& path, uint32_t mode, int backlog) {
  auto address = address_of(path);
  if (!address.ok()) return address.status();
  CAIRN_RETURN_IF_ERROR(remove_stale(path));
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno_status(errno, "socket");
  Status status = bind_and_listen(fd, path, address.value(), mode, backlog);
  if (!status.ok()) {
    ::close(fd);
    return status;
  }
  return fd;
}

Status adopt_listening_unix(int fd) {
  int domain = 0;
  int type = 0;
  int listening = 0;
  socklen_t size = sizeof(int);
  if (::getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) != 0 ||
      ::getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) != 0 ||
      ::getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0) {
    return Status(ErrorKind::invalid_argument, "inherited descriptor is not a socket");
  }
  if (domain != AF_UNIX || type != SOCK_STREAM || listening == 0) {
    return Status(ErrorKind::invalid_argument,
                  "inherited descriptor is not a listening unix socket");
  }
  const int flags = ::fcntl(fd, F_GETFL);
  // io_uring fails operations on a non-blocking socket with EAGAIN instead of waiting for it.
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0) {
    return errno_status(errno, "adopt a listening socket");
  }
  return ::fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 ? Status()
                                               : errno_status(errno, "adopt a listening socket");
}

Result<int> connect_unix(const std::string& path) {
  auto address = address_of(path);
  if (!address.ok()) return address.status();
  const int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno_status(errno, "socket");
  if (::connect(fd, generic(address.value()), sizeof(sockaddr_un)) != 0) {
    const int error = errno;
    ::close(fd);
    return errno_status(error, "connect to " + path);
  }
  return fd;
}

}  // namespace cairn::io
