// Connector: outgoing connections by address. The real one (tcp_connector.h) connects over TCP; a
// simulated network brings its own.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/status.h"
#include "io/executor.h"
#include "io/stream.h"

namespace cairn::io {

enum class ConnectFailure : uint8_t {
  /// The machine answered that nobody listens at the address: whoever did is gone.
  refused,
  /// No answer in time, no way there: nothing is known about the other end.
  no_answer,
  /// Something answered, and is not who it should be, or could not be understood.
  rejected,
};

/// One attempt to connect. Owned by the caller and unmoved until it is done or cancelled.
class ConnectAttempt {
 public:
  /// Runs in a turn of its own; of the two exactly one runs, once, unless the attempt is cancelled.
  /// The attempt may be used again or destroyed from here.
  virtual void on_connected(std::unique_ptr<Stream> stream) = 0;
  virtual void on_connect_failed(ConnectFailure failure, const Status& status) = 0;

 protected:
  ~ConnectAttempt() = default;
};

/// Threading: the executor's. Destroyed after the executor has stopped, or with no attempt under
/// way for a turn.
class Connector {
 public:
  virtual ~Connector() = default;
  /// Connects to `address`, which proves to be `name` if the connector authenticates (tls_stream.h)
  /// and `name` is of no meaning otherwise.
  virtual void connect(const std::string& address, const std::string& name, Nanoseconds timeout,
                       ConnectAttempt& attempt) = 0;
  /// Neither of the attempt's functions will run. Does nothing if it is not under way.
  virtual void cancel(ConnectAttempt& attempt) = 0;
};

}  // namespace cairn::io
