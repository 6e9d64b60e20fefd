// SimNetwork and SimPeers: the connections between the nodes of a simulated world, message by
// message, in the real encoding.
//
// Each ordered pair of nodes is a link: what one sends arrives late and in order. The calls of one
// node to another travel over a connection, made when first needed. A link that is cut holds its
// messages, as TCP does by sending them again, until it is healed or the connection is given up. A
// process that dies is told at once to everybody connected (its kernel answers); a machine that
// dies is silent. What a process had sent before it died may still arrive.
//
// Threading: the world's thread; what a node gets, it gets on its own executor, so a paused node's
// messages wait.
#pragma once

#include <array>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "replication/peers.h"
#include "replication/wire.h"
#include "sim/world.h"

namespace cairn::sim {

struct SimNetworkOptions {
  io::Nanoseconds latency_ns_min = 20'000;
  io::Nanoseconds latency_ns_max = 300'000;
  /// How often a message takes up to `slow_ns_max` instead.
  uint32_t slow_ppm = 5'000;
  io::Nanoseconds slow_ns_max = 30'000'000;
  /// Of requests: sent twice, overtaken by the next one. Real connections do neither, but a
  /// connection that is given up and made again looks like both.
  uint32_t duplicate_ppm = 0;
  uint32_t reorder_ppm = 0;
  /// A connection on which nothing was heard for so long is given up.
  io::Nanoseconds silence_ns = 3'000'000'000;
};

struct SimNetworkStats {
  uint64_t requests = 0, replies = 0, bytes = 0;
  uint64_t connections = 0, breaks = 0, refusals = 0;
  uint64_t dropped = 0, duplicated = 0, reordered = 0;
};

class SimPeers;

class SimNetwork {
 public:
  SimNetwork(World& world, const SimNetworkOptions& options);
  ~SimNetwork();
  SimNetwork(const SimNetwork&) = delete;
  SimNetwork& operator=(const SimNetwork&) = delete;

  /// The node's machine is on and its process starts. `boot` tells the process from those before.
  /// Valid until `stop`.
  [[nodiscard]] SimPeers& start(replication::NodeId node, uint64_t boot);
  enum class End : uint8_t {
    process,  ///< The machine lives and says so to everybody who asks.
    machine,  ///< Silence.
  };
  /// All calls of the node are forgotten, unanswered; the node's software is destroyed before.
  void stop(replication::NodeId node, End end);

  void cut(replication::NodeId from, replication::NodeId to);
  void heal(replication::NodeId from, replication::NodeId to);
  void heal_all();
  [[nodiscard]] bool is_cut(replication::NodeId from, replication::NodeId to) const;
  /// Breaks the connection that carries `from`'s calls to `to`, if there is one.
  void break_connection(replication::NodeId from, replication::NodeId to);

  /// Told of every request served and every answer given, for people.
  void set_trace(std::function<void(const std::string& event)> trace) { trace_ = std::move(trace); }
  [[nodiscard]] const SimNetworkStats& stats() const { return stats_; }

 private:
  friend class SimPeers;
  struct FreeMemory {
    void operator()(std::byte* memory) const { std::free(memory); }
  };
  struct Message {
    enum class Kind : uint8_t {
      connect,
      connected,
      reset,    ///< The connection is no more.
      refused,  ///< And nobody is there.
      request,
      reply,
    };
    Kind kind = Kind::connect;
    uint64_t connection = 0;
    io::Nanoseconds due = 0;
    uint64_t boot = 0;            ///< For connected.
    std::vector<std::byte> head;  ///< For request and reply: frame and body.
    std::unique_ptr<std::byte, FreeMemory> data;
    size_t data_capacity = 0;
    size_t data_bytes = 0;
  };
  using MessagePointer = std::unique_ptr<Message>;
  struct Link {
    std::deque<MessagePointer> queue;
    bool cut = false;
    io::Nanoseconds not_before = 0;
  };

  [[nodiscard]] MessagePointer make(Message::Kind kind, uint64_t connection);
  void set_data(Message& message, std::span<const std::byte> bytes);
  void recycle(MessagePointer message);
  void send(replication::NodeId from, replication::NodeId to, MessagePointer message);
  void disturb(Link& link);
  void refuse(replication::NodeId from, replication::NodeId to, uint64_t connection);
  void purge(replication::NodeId from, replication::NodeId to);
  void purge_connection(replication::NodeId from, replication::NodeId to, uint64_t connection);
  [[nodiscard]] Link& link(replication::NodeId from, replication::NodeId to) {
    return links_[from * nodes_ + to];
  }
  [[nodiscard]] io::Nanoseconds draw_latency();
  /// Both ways are open and the other process runs.
  [[nodiscard]] bool talks(replication::NodeId a, replication::NodeId b);

  World& world_;
  SimNetworkOptions options_;
  SimNetworkStats stats_;
  size_t nodes_;
  std::vector<Link> links_;
  std::vector<std::unique_ptr<SimPeers>> endpoints_;
  std::vector<bool> machine_on_;
  uint64_t connection_last_ = 0;
  std::function<void(const std::string& event)> trace_;
  /// Messages to use again: without data, with up to 64 KiB, with more.
  std::array<std::vector<MessagePointer>, 3> spare_;
};

/// One node's process on the network.
class SimPeers final : public replication::Peers, private io::Timer {
 public:
  SimPeers(SimNetwork& network, replication::NodeId node, uint64_t boot);
  ~SimPeers() override;

  /// Requests are served from here on; before, the node refuses connections.
  void serve(replication::RequestHandler& handler) { handler_ = &handler; }
  void set_listener(replication::PeersListener* listener) { listener_ = listener; }

  void call(replication::NodeId node, const replication::Request& request,
            replication::PeerCall& call) override;
  void cancel(replication::PeerCall& call) override;
  /// Calls without answer yet.
  [[nodiscard]] size_t calls_count() const;

 private:
  friend class SimNetwork;
  using Message = SimNetwork::Message;
  using MessagePointer = SimNetwork::MessagePointer;

  struct Pending {
    uint64_t id = 0;
    replication::PeerCall* call = nullptr;
  };
  /// The calls to one node.
  struct Session final : io::Timer {
    enum class State : uint8_t { idle, connecting, connected };
    SimPeers* owner = nullptr;
    replication::NodeId node = 0;
    State state = State::idle;
    uint64_t connection = 0;
    uint64_t boot_known = 0;
    io::Nanoseconds heard_at = 0;
    std::vector<Pending> pending;  ///< By id.
    std::vector<MessagePointer> unsent;
    void on_timer() override { owner->check_silence(*this); }
  };
  /// A request that is being served.
  struct Serving final : replication::RequestHandler::Responder {
    SimPeers* server = nullptr;
    replication::NodeId client = 0;
    uint64_t call_id = 0;
    MessagePointer message;
    replication::Request request;
    bool busy = false;
    void answer(const replication::Reply& reply) override { server->answered(*this, reply); }
  };

  void on_timer() override;
  void arm_earliest();
  void receive(replication::NodeId from, MessagePointer message);
  void receive_connect(replication::NodeId from, const Message& message);
  void receive_connected(Session& session, const Message& message);
  void receive_request(replication::NodeId from, MessagePointer message);
  void receive_reply(Session& session, const Message& message);
  [[nodiscard]] Serving& idle_serving();
  void answered(Serving& serving, const replication::Reply& reply);
  void connect(Session& session);
  void check_silence(Session& session);
  void lose(Session& session);
  void fail_pending(Session& session);
  [[nodiscard]] bool serves(uint64_t connection) const;

  SimNetwork& network_;
  NodeExecutor& executor_;
  replication::NodeId node_;
  uint64_t boot_;
  replication::RequestHandler* handler_ = nullptr;
  replication::PeersListener* listener_ = nullptr;
  uint64_t call_last_ = 0;
  std::vector<Session> sessions_;
  std::vector<uint64_t> served_;  ///< Connections that others made to this process.
  std::vector<std::unique_ptr<Serving>> servings_;
};

}  // namespace cairn::sim
