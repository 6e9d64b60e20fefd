// TlsConnector and TlsListener: connections that are given out when both ends have proved who they
// are (tls_stream.h).
//
// Threading: the executor's.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "io/connector.h"
#include "io/executor.h"
#include "io/stream.h"
#include "io/tls_context.h"

namespace cairn::io {

class TlsConnector final : public Connector {
 public:
  /// All outlive it. `inner` makes the connections.
  TlsConnector(Executor& executor, TlsContext& context, Connector& inner);
  ~TlsConnector();
  TlsConnector(const TlsConnector&) = delete;
  TlsConnector& operator=(const TlsConnector&) = delete;

  /// Fails with `rejected` when the other end's certificate is not of the cluster's authority or
  /// has another common name than `name`. `timeout` is for connection and handshake together.
  void connect(const std::string& address, const std::string& name, Nanoseconds timeout,
               ConnectAttempt& attempt) override;
  void cancel(ConnectAttempt& attempt) override;

 private:
  class Connecting;

  [[nodiscard]] std::unique_ptr<Connecting> remove(Connecting& connecting);

  Executor& executor_;
  TlsContext& context_;
  Connector& inner_;
  std::vector<std::unique_ptr<Connecting>> connectings_;
};

/// Handshakes under way at one listener; what comes beyond is turned away.
inline constexpr size_t kTlsHandshakesMax = 64;
inline constexpr Nanoseconds kTlsHandshakeTimeout = 5'000'000'000;

class TlsListener final : public Listener, private ListenerHandler, private Task {
 public:
  TlsListener(Executor& executor, TlsContext& context, std::unique_ptr<Listener> inner);
  ~TlsListener();
  TlsListener(const TlsListener&) = delete;
  TlsListener& operator=(const TlsListener&) = delete;

  void start(ListenerHandler& handler) override;
  void stop() override;
  /// Connections whose handshake failed, ever, and why the last one did.
  [[nodiscard]] uint64_t failures_count() const { return failures_count_; }
  [[nodiscard]] const Status& last_failure() const { return last_failure_; }

 private:
  class Accepting;

  void on_accept(std::unique_ptr<Stream> stream) override;
  void on_stopped(const Status& status) override;
  void on_handshake(Accepting& accepting, const Status& status);
  void run() override;
  void post();

  Executor& executor_;
  TlsContext& context_;
  std::unique_ptr<Listener> inner_;
  ListenerHandler* handler_ = nullptr;
  std::vector<std::unique_ptr<Accepting>> acceptings_;
  std::vector<std::unique_ptr<Accepting>> ended_;
  uint64_t failures_count_ = 0;
  Status last_failure_;
  Status end_status_;
  bool stopping_ = false;
  bool inner_stopped_ = false;
  bool posted_ = false;
};

}  // namespace cairn::io
