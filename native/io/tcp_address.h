// TCP addresses as text: "10.0.0.3:7400", "[fd00::3]:7400". Names are not resolved: a storage
// network does not wait for a name server.
#pragma once

#include <sys/socket.h>

#include <string>
#include <string_view>

#include "base/status.h"

namespace cairn::io {

struct TcpAddress {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  [[nodiscard]] const sockaddr* generic() const {
    return reinterpret_cast<const sockaddr*>(&bytes);
  }
};

/// invalid_argument unless `text` is exactly an IP address (an IPv6 one in brackets, without
/// scope), a colon, and a port of 0 to 65535 without leading zeros.
[[nodiscard]] Result<TcpAddress> parse_tcp_address(std::string_view text);
[[nodiscard]] std::string to_string(const TcpAddress& address);

}  // namespace cairn::io
