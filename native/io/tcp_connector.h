// TcpConnector: outgoing TCP connections through a UringReactor.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "io/connector.h"
#include "io/uring_reactor.h"

namespace cairn::io {

/// Threading: the reactor's. Destroyed before the reactor, after it has stopped or with no attempt
/// under way for a turn.
class TcpConnector final : public Connector {
 public:
  explicit TcpConnector(UringReactor& reactor);
  ~TcpConnector();
  TcpConnector(const TcpConnector&) = delete;
  TcpConnector& operator=(const TcpConnector&) = delete;

  /// `address` as in tcp_address.h.
  void connect(const std::string& address, const std::string& name, Nanoseconds timeout,
               ConnectAttempt& attempt) override;
  void cancel(ConnectAttempt& attempt) override;

 private:
  class Connecting;

  /// Forgets a connecting that is over.
  void remove(Connecting& connecting);

  UringReactor& reactor_;
  std::vector<std::unique_ptr<Connecting>> connectings_;
};

}  // namespace cairn::io
