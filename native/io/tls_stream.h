// TlsStream: mutual TLS 1.3 over any other stream.
//
// Two ways to go on after the handshake, agreed in it:
//
//   encrypted  everything is a TLS record: secret, and unchanged on the way.
//   plain      each end closes its half of the TLS connection (close_notify), and bytes follow as
//              they are. What is protected is who is at the other end when the connection begins.
//              Somebody who can change packets on the storage network can change, insert and read
//              what comes afterwards; checksums find accidents, not intentions. Only for a network
//              that nobody else can reach.
//
// In both, `peer()` has the other end's proved name and a secret of the handshake (exported keying
// material) that the ends compare in their first message: so that message belongs to this very
// handshake.
//
// Threading: the executor's.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "io/executor.h"
#include "io/stream.h"
#include "io/tls_context.h"

struct ssl_st;
struct bio_st;

namespace cairn::io {

class TlsHandshakeHandler {
 public:
  /// Runs once. On success the stream may be given to its user; otherwise it is closed and may be
  /// destroyed from here.
  virtual void on_handshake(const Status& status) = 0;

 protected:
  ~TlsHandshakeHandler() = default;
};

class TlsStream final : public Stream, private StreamHandler, private Task {
 public:
  enum class Side : uint8_t { client, server };

  TlsStream(Executor& executor, TlsContext& context, std::unique_ptr<Stream> inner, Side side);
  /// Also between a successful handshake and the first operation.
  ~TlsStream();
  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;

  /// Before anything else.
  void shake_hands(TlsHandshakeHandler& handler);
  /// Ends a handshake that takes too long: on_handshake follows, with `timed_out`.
  void give_up();

  void set_handler(StreamHandler& handler) override;
  void read(std::span<std::byte> buffer) override;
  void write(std::span<const iovec> buffers) override;
  void close() override;
  [[nodiscard]] const StreamPeer* peer() const override { return &*peer_; }
  [[nodiscard]] bool encrypted() const { return phase_ == Phase::encrypted; }

 private:
  enum class Phase : uint8_t { handshake, parting, encrypted, plain };

  void on_read(size_t bytes_count) override;
  void on_written() override;
  void on_closed(const Status& status) override;
  void run() override;

  void step();
  void shake();
  void part();
  void finish_handshake();
  Status learn_peer();
  void wait_for_bytes();
  bool send_pending();
  void decrypt();
  void encrypt();
  void read_plain();
  void fail(const Status& status);
  void close_inner();
  void post();
  void finish();

  Executor& executor_;
  TlsContext& context_;
  std::unique_ptr<Stream> inner_;
  Side side_;
  Phase phase_ = Phase::handshake;
  ssl_st* ssl_ = nullptr;
  bio_st* from_network_ = nullptr;
  bio_st* to_network_ = nullptr;
  TlsHandshakeHandler* shaking_ = nullptr;
  StreamHandler* handler_ = nullptr;
  std::optional<StreamPeer> peer_;

  std::vector<std::byte> in_;
  std::vector<std::byte> out_;
  std::span<std::byte> read_buffer_;
  std::array<iovec, 64> vectors_{};
  size_t vectors_first_ = 0;
  size_t vectors_count_ = 0;

  bool parting_said_ = false;
  bool parting_heard_ = false;
  bool inner_reading_ = false;
  bool inner_writing_ = false;
  bool failing_ = false;  ///< Closes when what is being written has left.
  bool closing_ = false;
  bool inner_closed_ = false;
  bool posted_ = false;
  bool ended_ = false;
  Status end_status_;
};

}  // namespace cairn::io
