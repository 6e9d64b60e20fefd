// TCP sockets between nodes: made with the options that a storage network wants.
#pragma once

#include <string>

#include "base/status.h"
#include "io/tcp_address.h"

namespace cairn::io {

struct TcpListening {
  /// For a UringListener; close-on-exec, blocking.
  int fd = -1;
  /// With the port that the kernel chose if 0 was asked for.
  std::string address;
};

/// Listens at `address`. A port that connections of a former process still linger on is taken; one
/// that another process listens on gives busy.
[[nodiscard]] Result<TcpListening> listen_tcp(const std::string& address, int backlog = 128);

/// A socket that is ready to be connected; close-on-exec, blocking.
[[nodiscard]] Result<int> make_tcp_socket(const TcpAddress& address);

}  // namespace cairn::io
