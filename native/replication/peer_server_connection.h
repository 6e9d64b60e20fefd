// PeerServerConnection: one peer's connection, from its hello to the last reply.
//
// A request keeps its memory until the handler has answered it, also when the connection is long
// gone: so a connection ends only when nothing is under way for it.
//
// Threading: the executor's.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "io/buffer_pool.h"
#include "io/executor.h"
#include "replication/peer_channel.h"
#include "replication/peer_directory.h"
#include "replication/peer_identity.h"
#include "replication/peers.h"

namespace cairn::replication {

/// What one node may have under way here, over all its connections; beyond it they are not read.
inline constexpr size_t kServedRequestsMax = 1024;
/// Data of requests, and the room that their replies may need.
inline constexpr size_t kServedBytesMax = 64 << 20;
/// A connection that has not said a good hello by then is cut off.
inline constexpr io::Nanoseconds kServerHelloTimeout = 5'000'000'000;
/// How long a peer may take to fetch the last replies.
inline constexpr io::Nanoseconds kServerDrainTimeout = 5'000'000'000;

/// What a node has under way.
struct PeerLoad {
  size_t requests_count = 0;
  size_t bytes = 0;
  [[nodiscard]] bool full() const {
    return requests_count >= kServedRequestsMax || bytes >= kServedBytesMax;
  }
};

struct PeerServerStats {
  uint64_t connections_count = 0;  ///< Accepted, ever.
  uint64_t refused_count = 0;      ///< Of those, sent away because of their hello.
  uint64_t broken_count = 0;       ///< Ended because something came that is not the protocol.
  uint64_t requests_count = 0;
};

/// What the connections of a server share. Everything outlives them.
struct PeerServerContext {
  io::Executor& executor;
  io::BufferPool& buffers;
  const PeerDirectory& directory;
  RequestHandler& handler;
  PeerIdentity self;
};

class PeerServerConnection final : private PeerChannel::Handler, private io::Timer {
 public:
  class Owner {
   public:
    /// The hello was good: what `node` has under way. Ends the node's other connections.
    virtual PeerLoad& on_greeted(PeerServerConnection& connection, NodeId node) = 0;
    /// Room has become free for whoever waits for it.
    virtual void on_room(NodeId node) = 0;
    /// Over, nothing is under way. Must not be destroyed from inside this call.
    virtual void on_connection_ended(PeerServerConnection& connection) = 0;

   protected:
    ~Owner() = default;
  };

  PeerServerConnection(const PeerServerContext& context, PeerServerStats& stats, Owner& owner,
                       std::unique_ptr<io::Stream> stream);
  ~PeerServerConnection();
  PeerServerConnection(const PeerServerConnection&) = delete;
  PeerServerConnection& operator=(const PeerServerConnection&) = delete;

  /// `on_connection_ended` follows some time later, exactly once.
  void start();
  /// Reads no more, sends the replies of what is under way, says goodbye, closes.
  void drain();
  /// Closes at once.
  void abort();
  /// Room may have become free.
  void resume();
  /// 0 before its hello.
  [[nodiscard]] NodeId node() const { return node_; }

 private:
  enum class State : uint8_t { greeting, serving, draining, closing, ended };

  /// A request under way.
  struct Slot final : RequestHandler::Responder {
    explicit Slot(PeerServerConnection& owner) : connection(owner) {}
    void answer(const Reply& reply) override { connection.on_answer(*this, reply); }

    PeerServerConnection& connection;
    Slot* next_free = nullptr;
    uint64_t call_id = 0;
    Request request;
    std::array<uint64_t, kRequestBodyBytesMax / 8> body{};
    std::byte* data = nullptr;
    size_t data_bytes = 0;
    size_t counted_bytes = 0;
    bool served = false;  ///< The handler has it.
  };
  static_assert(kRequestBodyBytesMax % 8 == 0);

  std::optional<PeerChannel::Room> room_for(const Frame& frame) override;
  void on_message(const Frame& frame, const PeerChannel::Room& room) override;
  void on_sent() override { resume(); }
  void on_broken(const Status& status) override;
  void on_channel_closed(const Status& status) override;
  void on_timer() override;

  void on_hello(const Frame& frame, std::span<const std::byte> body);
  void on_request(const Frame& frame, std::span<const std::byte> body);
  void on_answer(Slot& slot, const Reply& reply);
  void say_goodbye(Goodbye reason);
  Slot& take_slot();
  void release(Slot& slot);
  void maybe_drained();
  void maybe_ended();

  const PeerServerContext& context_;
  PeerServerStats& stats_;
  Owner& owner_;
  std::unique_ptr<PeerChannel> channel_;
  State state_ = State::greeting;
  NodeId node_ = 0;
  PeerLoad* load_ = nullptr;

  std::deque<Slot> slots_;
  Slot* free_ = nullptr;
  /// The request that is arriving.
  Slot* arriving_ = nullptr;
  size_t served_count_ = 0;
  /// Bodies of messages other than requests.
  std::array<uint64_t, sizeof(HelloDisk) / 8> body_{};
  std::vector<std::byte> head_;
};

}  // namespace cairn::replication
