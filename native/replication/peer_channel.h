// PeerChannel: messages in and messages out of one connected stream; client and server end alike.
//
// Messages are given to it at any time and leave together, with one write per turn of the loop. It
// reads whole messages into memory that its handler provides, and does not read on while the
// handler has none to give.
//
// Threading: the executor's.
#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>

#include "io/buffer_pool.h"
#include "io/executor.h"
#include "io/stream.h"
#include "replication/peer_send_queue.h"
#include "replication/wire.h"

namespace cairn::replication {

class PeerChannel final : private io::StreamHandler, private io::Task {
 public:
  /// Where a message goes.
  struct Room {
    std::span<std::byte> body;  ///< `frame.body_bytes`, aligned to 8.
    std::span<std::byte> data;  ///< `frame.data_bytes`.
  };
  /// Called from the stream's events only, never from inside the channel's own methods.
  class Handler {
   public:
    /// A message begins. Memory for it, valid until on_message or on_channel_closed; nothing: not
    /// now, `resume` will be called.
    virtual std::optional<Room> room_for(const Frame& frame) = 0;
    /// The message has come whole.
    virtual void on_message(const Frame& frame, const Room& room) = 0;
    /// Some of what was sent has left.
    virtual void on_sent() {}
    /// What arrives is not the protocol; nothing is read any more.
    virtual void on_broken(const Status& status) = 0;
    /// Nothing follows; the channel may be destroyed from here.
    virtual void on_channel_closed(const Status& status) = 0;

   protected:
    ~Handler() = default;
  };

  PeerChannel(io::Executor& executor, io::BufferPool& buffers, std::unique_ptr<io::Stream> stream,
              Handler& handler);
  /// Only after on_channel_closed, or before `start`.
  ~PeerChannel();
  PeerChannel(const PeerChannel&) = delete;
  PeerChannel& operator=(const PeerChannel&) = delete;

  void start();
  /// Copies both. Ignored once the channel is closing.
  void send(std::span<const std::byte> head, std::span<const std::byte> data = {});
  /// Sends everything that waits in `queue`, and leaves it empty.
  void send(PeerSendQueue& queue);
  /// Asks the handler again for room.
  void resume();
  /// Takes no further message; what is sent still leaves.
  void stop_reading() { deaf_ = true; }
  /// Closes at once; on_channel_closed follows.
  void close();
  /// Reads no more, and closes when everything was handed to the stream.
  void close_when_sent();

  [[nodiscard]] size_t unsent_bytes() const { return out_.size_bytes(); }
  /// When bytes last came.
  [[nodiscard]] io::Nanoseconds received_at() const { return received_at_; }
  [[nodiscard]] const io::StreamPeer* peer() const { return stream_->peer(); }

 private:
  enum class Step : uint8_t { frame, room, body, data };

  void on_read(size_t bytes_count) override;
  void on_written() override;
  void on_closed(const Status& status) override;
  void run() override;

  void advance();
  bool advance_frame();
  bool advance_room();
  bool advance_body();
  bool advance_data();
  void start_read();
  void post();
  void flush();
  void finish_if_idle();
  [[nodiscard]] std::span<const std::byte> received() const {
    return {buffer_ + buffer_begin_, buffer_end_ - buffer_begin_};
  }

  io::Executor& executor_;
  io::BufferPool& buffers_;
  std::unique_ptr<io::Stream> stream_;
  Handler& handler_;

  std::byte* buffer_ = nullptr;
  size_t buffer_begin_ = 0;
  size_t buffer_end_ = 0;
  Step step_ = Step::frame;
  Frame frame_;
  Room room_;
  size_t filled_bytes_ = 0;  ///< Of the body, or of the data.
  io::Nanoseconds received_at_ = 0;

  PeerSendQueue out_;
  std::array<iovec, 64> vectors_{};
  size_t writing_bytes_ = 0;

  bool reading_ = false;
  bool read_is_data_ = false;
  bool advancing_ = false;
  bool deaf_ = false;     ///< Broken or draining: nothing more is read.
  bool closing_ = false;  ///< The stream was told to close, or did.
  bool closing_when_sent_ = false;
  bool posted_ = false;
  bool wants_resume_ = false;
  bool stream_closed_ = false;
  bool ended_ = false;
  bool started_ = false;
  Status end_status_;
};

}  // namespace cairn::replication
