// Stream and Listener: connected byte streams (unix sockets, TCP, TLS) for servers above io/.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/status.h"

namespace cairn::io {

/// Told of a stream's events on the executor's thread, never from inside one of the stream's own
/// methods.
class StreamHandler {
 public:
  /// The read that was started has put `bytes_count` > 0 bytes into its buffer.
  virtual void on_read(size_t bytes_count) = 0;
  /// Everything given to the last `write` was handed to the kernel.
  virtual void on_written() = 0;
  /// The peer closed, the stream failed, or `close` finished. Nothing follows; the stream may be
  /// destroyed from here. `status` is ok for an orderly end.
  virtual void on_closed(const Status& status) = 0;

 protected:
  ~StreamHandler() = default;
};

/// Who the other end of a stream has proved to be.
struct StreamPeer {
  /// The common name of its certificate.
  std::string name;
  /// Both ends know it, it is this connection's only, and neither could have chosen it.
  std::array<uint8_t, 32> binding{};
};

/// One connection. At most one read and one write are under way at a time; the two are independent.
class Stream {
 public:
  /// Only after on_closed, or while no operation is under way.
  virtual ~Stream() = default;
  /// Must be called once, before any operation.
  virtual void set_handler(StreamHandler& handler) = 0;
  /// Reads at least one byte into `buffer`, which stays valid until on_read or on_closed.
  virtual void read(std::span<std::byte> buffer) = 0;
  /// Writes all of `buffers` (at most 64), which stay valid until on_written or on_closed.
  virtual void write(std::span<const iovec> buffers) = 0;
  /// Ends both directions; on_closed follows in a later turn, exactly once, after pending
  /// operations let go of their memory.
  virtual void close() = 0;
  /// Nullptr if the stream does not authenticate.
  [[nodiscard]] virtual const StreamPeer* peer() const { return nullptr; }
};

class ListenerHandler {
 public:
  virtual void on_accept(std::unique_ptr<Stream> stream) = 0;
  /// The listener will accept nothing more (`stop` finished, or a terminal error).
  virtual void on_stopped(const Status& status) = 0;

 protected:
  ~ListenerHandler() = default;
};

/// A listening socket. Destroying it before on_stopped is a bug.
class Listener {
 public:
  virtual ~Listener() = default;
  virtual void start(ListenerHandler& handler) = 0;
  /// Stops accepting; the descriptor is closed unless it was handed over from outside and must
  /// outlive this process.
  virtual void stop() = 0;
};

}  // namespace cairn::io
