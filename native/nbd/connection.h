// Connection: one client of an export, from greeting to the last reply.
//
// Bytes arrive in a receive buffer; whole headers are decoded from it, and large payloads are read
// straight into the request's own memory. Requests go to the device as they come and are answered
// in the order in which they finish; the replies of one turn leave in one write. Everything a
// client can make the server hold is bounded: requests and bytes under way (beyond which the
// connection stops reading), options, message sizes.
//
// Threading: all calls and callbacks on the executor's thread.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "io/block_device.h"
#include "io/buffer_pool.h"
#include "io/executor.h"
#include "io/stream.h"
#include "nbd/handshake.h"
#include "nbd/request.h"
#include "nbd/stats.h"

namespace cairn::nbd {

using io::BufferPool;

/// Requests under way per connection; the next one waits in the socket.
inline constexpr size_t kRequestsInFlightMax = 64;
/// Bytes of data memory per connection: one request of the largest size, or many smaller ones.
inline constexpr size_t kBytesInFlightMax = 32 << 20;
/// A client that has not finished the handshake by then is cut off.
inline constexpr io::Nanoseconds kHandshakeTimeout = 30'000'000'000;

/// What the connections of one export share.
struct ExportContext {
  io::Executor& executor;
  io::BlockDevice& device;
  BufferPool& buffers;
  ExportStats& stats;
  ExportFacts facts;
};

class ConnectionOwner {
 public:
  /// The connection is over and holds nothing any more. It must not be destroyed from inside this
  /// call.
  virtual void on_connection_ended(Connection& connection) = 0;

 protected:
  ~ConnectionOwner() = default;
};

class Connection final : private io::StreamHandler, private io::Timer {
 public:
  Connection(const ExportContext& context, ConnectionOwner& owner,
             std::unique_ptr<io::Stream> stream);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends the greeting. `on_connection_ended` follows some time later, exactly once.
  void start();
  /// Takes no further request, answers those under way, then closes.
  void drain();
  /// Closes at once; requests under way finish unanswered.
  void abort();

 private:
  enum class Phase {
    handshake,
    transmission,
    draining,  ///< No further request; the rest is answered.
    closing,   ///< Nothing more is sent; waits for the stream and the device to let go.
    ended,
  };

  /// Runs `flush` in a later turn than the completions that asked for it, so that they share one
  /// write.
  class FlushTask final : public io::Task {
   public:
    explicit FlushTask(Connection& connection) : connection_(connection) {}
    void run() override;
    bool posted = false;

   private:
    Connection& connection_;
  };

  void on_read(size_t bytes_count) override;
  void on_written() override;
  void on_closed(const Status& status) override;
  void on_timer() override;

  // Receiving.
  void receive();
  void start_read();
  bool advance();
  bool advance_handshake();
  bool advance_payload();
  bool advance_discard();
  bool advance_header();
  [[nodiscard]] bool has_room_for(const RequestHeader& header) const;
  void admit(const RequestHeader& header);
  void begin_transmission();

  // Serving.
  void dispatch(Request& request);
  void submit_query(Request& request);
  void submit_zeroes(Request& request);
  static void on_operation_done(io::BlockRequest& operation);
  static void on_query_done(io::ExtentQuery& query);
  void complete(Request& request, WireError error);
  void record(const Request& request);

  // Replying.
  void queue_reply(Request& request);
  void flush();
  void append_reply(Request& request);
  void release_sent();
  void release(Request& request);

  void protocol_error();
  void close_stream();
  void maybe_close();
  void maybe_end();
  [[nodiscard]] std::span<const std::byte> received() const {
    return {receive_buffer_.get() + received_begin_, received_end_ - received_begin_};
  }

  ExportContext context_;
  ConnectionOwner& owner_;
  std::unique_ptr<io::Stream> stream_;
  FlushTask flush_task_{*this};
  Phase phase_ = Phase::handshake;
  Handshake handshake_;
  Agreement agreement_;

  std::unique_ptr<std::byte[]> receive_buffer_;
  size_t received_begin_ = 0;
  size_t received_end_ = 0;
  bool reading_ = false;
  bool read_is_payload_ = false;

  std::unique_ptr<std::array<Request, kRequestsInFlightMax>> requests_;
  Request* free_ = nullptr;
  /// Requests that hold a slot, and the bytes of data memory they hold.
  size_t in_flight_count_ = 0;
  size_t in_flight_bytes_ = 0;
  /// Of those, the ones the device works on.
  size_t at_device_count_ = 0;

  /// The request whose payload is arriving, and how much of it is there.
  Request* payload_ = nullptr;
  size_t payload_received_bytes_ = 0;
  /// Bytes of a refused request's payload that still have to be read past.
  uint64_t discard_bytes_ = 0;

  Request* replies_head_ = nullptr;
  Request* replies_tail_ = nullptr;
  Request* sending_head_ = nullptr;
  bool writing_ = false;
  std::vector<std::byte> handshake_out_;
  std::vector<std::byte> handshake_sending_;
  std::vector<std::byte> reply_bytes_;
  size_t reply_bytes_count_ = 0;
  std::array<iovec, 64> vectors_{};
  size_t vectors_count_ = 0;

  bool started_ = false;
  bool stream_closed_ = false;
};

}  // namespace cairn::nbd
