// PeerLink: the outgoing connection to one node, opened when there is something to say.
//
//   idle ──call──► waiting (back-off) ──► connecting ──► greeting ──hello──► up
//     ▲                                      │              │                │
//     └────────────── failed: every call is answered with nullptr ◄──────────┘ broken
//
// Requests are copied when the call is made, also before there is a connection, and leave in that
// order. A link that breaks tries three times at once, whether anybody calls or not: so the death
// of a node's process is reported after a round trip, by the refusal of its machine. Otherwise it
// tries only for calls that wait, 50 ms to 1 s apart.
//
// Threading: the executor's.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "io/buffer_pool.h"
#include "io/connector.h"
#include "io/executor.h"
#include "replication/peer_channel.h"
#include "replication/peer_directory.h"
#include "replication/peer_identity.h"
#include "replication/peer_send_queue.h"
#include "replication/peers.h"

namespace cairn::replication {

/// Calls under way to one node. The next one is answered `busy`, in a later turn: nothing is wrong
/// with the connection, and the caller knows for certain that the request was not served.
inline constexpr size_t kLinkCallsMax = 1024;
/// Bytes on their way to one node; beyond, calls are answered `busy` as well. A node that takes
/// nothing would otherwise fill the memory of all nodes that write to it.
inline constexpr size_t kLinkQueuedBytesMax = 64 << 20;

inline constexpr io::Nanoseconds kLinkConnectTimeout = 2'000'000'000;
inline constexpr io::Nanoseconds kLinkHelloTimeout = 2'000'000'000;
inline constexpr io::Nanoseconds kLinkBackOffMin = 50'000'000;
inline constexpr io::Nanoseconds kLinkBackOffMax = 1'000'000'000;
/// While calls wait and nothing comes, the other end is asked this often whether it is there...
inline constexpr io::Nanoseconds kLinkPingInterval = 500'000'000;
/// ...and a connection on which nothing came for so long is closed.
inline constexpr io::Nanoseconds kLinkSilenceMax = 5'000'000'000;

/// What the links of one node share. Everything outlives them.
struct LinkContext {
  io::Executor& executor;
  io::Connector& connector;
  io::BufferPool& buffers;
  const PeerDirectory& directory;
  PeersListener& listener;
  PeerIdentity self;
};

/// For the operator.
struct LinkReport {
  NodeId node = 0;
  bool up = false;
  size_t calls_count = 0;
  size_t queued_bytes = 0;
  uint64_t connects_count = 0;
  uint64_t failures_count = 0;  ///< Attempts that failed and connections that broke.
  std::string last_failure;
};

class PeerLink final : private PeerChannel::Handler,
                       private io::ConnectAttempt,
                       private io::Timer,
                       private io::Task {
 public:
  class Owner {
   public:
    /// `stop` has finished; the link must not be destroyed from inside this call.
    virtual void on_link_stopped() = 0;

   protected:
    ~Owner() = default;
  };

  /// The calls' ids are `ids_base` and up.
  PeerLink(const LinkContext& context, Owner& owner, NodeId node, uint64_t ids_base);
  ~PeerLink();
  PeerLink(const PeerLink&) = delete;
  PeerLink& operator=(const PeerLink&) = delete;

  void call(const Request& request, PeerCall& call);
  void cancel(PeerCall& call);
  /// Answers all calls with nullptr and closes. No call may be made afterwards.
  void stop();
  [[nodiscard]] LinkReport report() const;

 private:
  enum class State : uint8_t { idle, waiting, connecting, greeting, up, closing };

  struct Pending {
    PeerCall* call = nullptr;
    Request::Kind kind{};
  };
  /// What is told in the link's next turn, in order.
  struct News {
    enum class Kind : uint8_t { lost, busy, restarted, down };
    Kind kind = Kind::lost;
    uint64_t call_id = 0;
  };

  // Connecting.
  void ensure_connected();
  void connect();
  void on_connected(std::unique_ptr<io::Stream> stream) override;
  void on_connect_failed(io::ConnectFailure failure, const Status& status) override;
  void on_timer() override;
  void fail_attempt(bool refused, const std::string& why);
  void raise_back_off();

  // Talking.
  std::optional<PeerChannel::Room> room_for(const Frame& frame) override;
  void on_message(const Frame& frame, const PeerChannel::Room& room) override;
  void on_hello(const Frame& frame, std::span<const std::byte> body);
  void on_reply(const Frame& frame, const PeerChannel::Room& room);
  void on_goodbye(const Frame& frame, std::span<const std::byte> body);
  void on_broken(const Status& status) override;
  void on_channel_closed(const Status& status) override;
  void on_up(const Hello& hello);
  void reject(Goodbye reason, const std::string& why);
  void say_goodbye(Goodbye reason);
  void listen_for_life();
  void check_life();

  // Telling.
  void lose_calls();
  void tell(News news);
  void run() override;
  void maybe_stopped();
  void give_data_back();

  LinkContext context_;
  Owner& owner_;
  NodeId node_;
  State state_ = State::idle;
  std::unique_ptr<PeerChannel> channel_;

  tsl::robin_map<uint64_t, Pending> pending_;
  uint64_t next_id_;
  std::deque<News> news_;
  /// Requests that wait for a connection.
  PeerSendQueue waiting_;

  Reply reply_;
  std::vector<uint64_t> body_;
  std::byte* data_ = nullptr;
  size_t data_bytes_ = 0;

  bool boot_known_ = false;
  uint64_t boot_ = 0;
  int probes_left_ = 0;
  io::Nanoseconds back_off_ = 0;
  io::Nanoseconds retry_at_ = 0;
  io::Nanoseconds up_since_ = 0;
  io::Nanoseconds quiet_since_ = 0;
  uint64_t pings_count_ = 0;
  uint64_t connects_count_ = 0;
  uint64_t failures_count_ = 0;
  std::string why_;  ///< Of the end that the connection is about to have.
  std::string last_failure_;
  bool posted_ = false;
  bool stopping_ = false;
  bool stopped_ = false;
};

}  // namespace cairn::replication
