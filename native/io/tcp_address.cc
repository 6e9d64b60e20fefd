#include "io/tcp_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <array>
#include <charconv>
#include <cstring>

#include "base/assert.h"

namespace cairn::io {

namespace {

Status invalid(std::string_view text) {
  return Status(ErrorKind::invalid_argument,
                "not an address like 10.0.0.3:7400 or [fd00::3]:7400: " + std::string(text));
}

/// -1 unless `text` is a port.
int parse_port(std::string_view text) {
  if (text.empty() || text.size() > 5 || (text.size() > 1 && text[0] == '0')) return -1;
  int port = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  const bool whole = error == std::errc() && end == text.data() + text.size();
  return whole && port >= 0 && port <= 65535 ? port : -1;
}

}  // namespace

Result<TcpAddress> parse_tcp_address(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || text.size() > INET6_ADDRSTRLEN + 8) return invalid(text);
  const int port = parse_port(text.substr(colon + 1));
  std::string host(text.substr(0, colon));
  if (port < 0 || host.size() < 2) return invalid(text);
  TcpAddress address;
  if (host.front() == '[' && host.back() == ']') {
    sockaddr_in6 v6{};
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<uint16_t>(port));
    host = host.substr(1, host.size() - 2);
    if (::inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return invalid(text);
    std::memcpy(&address.bytes, &v6, sizeof v6);
    address.size = sizeof v6;
    return address;
  }
  sockaddr_in v4{};
  v4.sin_family = AF_INET;
  v4.sin_port = htons(static_cast<uint16_t>(port));
  if (::inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return invalid(text);
  std::memcpy(&address.bytes, &v4, sizeof v4);
  address.size = sizeof v4;
  return address;
}

std::string to_string(const TcpAddress& address) {
  std::array<char, INET6_ADDRSTRLEN> host{};
  if (address.bytes.ss_family == AF_INET6) {
    sockaddr_in6 v6{};
    std::memcpy(&v6, &address.bytes, sizeof v6);
    CAIRN_ASSERT(::inet_ntop(AF_INET6, &v6.sin6_addr, host.data(), host.size()) != nullptr);
    return "[" + std::string(host.data()) + "]:" + std::to_string(ntohs(v6.sin6_port));
  }
  CAIRN_ASSERT(address.bytes.ss_family == AF_INET);
  sockaddr_in v4{};
  std::memcpy(&v4, &address.bytes, sizeof v4);
  CAIRN_ASSERT(::inet_ntop(AF_INET, &v4.sin_addr, host.data(), host.size()) != nullptr);
  return std::string(host.data()) + ":" + std::to_string(ntohs(v4.sin_port));
}

}  // namespace cairn::io
