// The links between nodes; the nodes' own ends are in sim_peers.cc.
#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.h"
#include "sim/sim_peers.h"

namespace cairn::sim {

using replication::NodeId;

SimNetwork::SimNetwork(World& world, const SimNetworkOptions& options)
    : world_(world),
      options_(options),
      nodes_(world.nodes_count() + 1),
      links_(nodes_ * nodes_),
      endpoints_(nodes_),
      machine_on_(nodes_, true) {}

SimNetwork::~SimNetwork() = default;

SimPeers& SimNetwork::start(NodeId node, uint64_t boot) {
  CAIRN_ASSERT(endpoints_.at(node) == nullptr);
  CAIRN_ASSERT(boot != 0);
  machine_on_[node] = true;
  endpoints_[node] = std::make_unique<SimPeers>(*this, node, boot);
  // What was sent into silence is sent again: the new kernel knows none of the old connections.
  for (NodeId other = 1; other < nodes_; ++other) {
    if (other == node || endpoints_[other] == nullptr) continue;
    const SimPeers::Session& session = endpoints_[other]->sessions_[node];
    if (session.state == SimPeers::Session::State::connecting) {
      send(other, node, make(Message::Kind::connect, session.connection));
    } else if (session.state == SimPeers::Session::State::connected && !session.pending.empty()) {
      send(node, other, make(Message::Kind::reset, session.connection));
    }
  }
  return *endpoints_[node];
}

void SimNetwork::stop(NodeId node, End end) {
  CAIRN_ASSERT(endpoints_.at(node) != nullptr);
  const std::unique_ptr<SimPeers> gone = std::move(endpoints_[node]);
  machine_on_[node] = end == End::process;
  purge(node, node);
  for (NodeId other = 1; other < nodes_; ++other) {
    if (other == node) continue;
    purge(other, node);
    if (end == End::machine) {
      if (world_.random().below(2) == 0) purge(node, other);
      continue;
    }
    if (endpoints_[other] == nullptr) continue;
    const SimPeers::Session& session = endpoints_[other]->sessions_[node];
    if (session.state != SimPeers::Session::State::idle) refuse(node, other, session.connection);
    const SimPeers::Session& own = gone->sessions_[other];
    if (own.state != SimPeers::Session::State::idle) {
      send(node, other, make(Message::Kind::reset, own.connection));
    }
  }
}

void SimNetwork::cut(NodeId from, NodeId to) {
  CAIRN_ASSERT(from != to);
  link(from, to).cut = true;
}

void SimNetwork::heal(NodeId from, NodeId to) {
  Link& healed = link(from, to);
  if (!std::exchange(healed.cut, false)) return;
  healed.not_before = world_.now() + draw_latency();
  if (endpoints_[to] != nullptr) endpoints_[to]->arm_earliest();
}

void SimNetwork::heal_all() {
  for (NodeId from = 1; from < nodes_; ++from) {
    for (NodeId to = 1; to < nodes_; ++to) heal(from, to);
  }
}

bool SimNetwork::is_cut(NodeId from, NodeId to) const { return links_[from * nodes_ + to].cut; }

void SimNetwork::break_connection(NodeId from, NodeId to) {
  if (from == to || endpoints_.at(from) == nullptr || endpoints_.at(to) == nullptr) return;
  const SimPeers::Session& session = endpoints_[from]->sessions_[to];
  if (session.state == SimPeers::Session::State::idle) return;
  // Each end learns of it when it learns of it.
  send(from, to, make(Message::Kind::reset, session.connection));
  send(to, from, make(Message::Kind::reset, session.connection));
}

SimNetwork::MessagePointer SimNetwork::make(Message::Kind kind, uint64_t connection) {
  MessagePointer message;
  if (!spare_[0].empty()) {
    message = std::move(spare_[0].back());
    spare_[0].pop_back();
  } else {
    message = std::make_unique<Message>();
  }
  message->kind = kind;
  message->connection = connection;
  return message;
}

void SimNetwork::set_data(Message& message, std::span<const std::byte> bytes) {
  message.data_bytes = bytes.size();
  if (bytes.empty()) return;
  constexpr size_t kSmall = 64 * 1024;
  auto& spares = spare_[bytes.size() <= kSmall ? 1 : 2];
  if (!spares.empty()) {
    message.data = std::move(spares.back()->data);
    message.data_capacity = spares.back()->data_capacity;
    spares.pop_back();
  } else {
    message.data_capacity = bytes.size() <= kSmall ? kSmall : replication::kDataBytesMax;
    message.data.reset(static_cast<std::byte*>(std::aligned_alloc(4096, message.data_capacity)));
  }
  CAIRN_ASSERT(bytes.size() <= message.data_capacity);
  std::memcpy(message.data.get(), bytes.data(), bytes.size());
}

void SimNetwork::recycle(MessagePointer message) {
  if (message->data != nullptr) {
    auto holder = std::make_unique<Message>();
    holder->data = std::move(message->data);
    holder->data_capacity = message->data_capacity;
    spare_[holder->data_capacity <= 64 * 1024 ? 1 : 2].push_back(std::move(holder));
  }
  message->data_bytes = 0;
  message->data_capacity = 0;
  spare_[0].push_back(std::move(message));
}

void SimNetwork::send(NodeId from, NodeId to, MessagePointer message) {
  if (!machine_on_[to]) {
    ++stats_.dropped;
    return recycle(std::move(message));
  }
  if (endpoints_[to] == nullptr) {
    // The machine's kernel answers for the process that is not there.
    const bool answers =
        message->kind == Message::Kind::connect || message->kind == Message::Kind::request;
    if (answers && !is_cut(from, to)) refuse(to, from, message->connection);
    ++stats_.dropped;
    return recycle(std::move(message));
  }
  stats_.bytes += message->head.size() + message->data_bytes;
  message->due = world_.now() + (from == to ? 0 : draw_latency());
  Link& way = link(from, to);
  way.queue.push_back(std::move(message));
  if (from != to) disturb(way);
  endpoints_[to]->arm_earliest();
}

/// Now and then the request sent last goes twice, or before the one before it.
void SimNetwork::disturb(Link& way) {
  const size_t count = way.queue.size();
  const Message& last = *way.queue.back();
  if (last.kind != Message::Kind::request) return;
  if (world_.random().chance_ppm(options_.duplicate_ppm)) {
    MessagePointer copy = make(last.kind, last.connection);
    copy->head = last.head;
    copy->due = last.due;
    set_data(*copy, {last.data.get(), last.data_bytes});
    way.queue.push_back(std::move(copy));
    ++stats_.duplicated;
  }
  if (count < 2 || way.queue[count - 2]->kind != Message::Kind::request) return;
  if (!world_.random().chance_ppm(options_.reorder_ppm)) return;
  std::swap(way.queue[count - 1], way.queue[count - 2]);
  ++stats_.reordered;
}

void SimNetwork::refuse(NodeId from, NodeId to, uint64_t connection) {
  ++stats_.refusals;
  send(from, to, make(Message::Kind::refused, connection));
}

void SimNetwork::purge(NodeId from, NodeId to) {
  Link& way = link(from, to);
  stats_.dropped += way.queue.size();
  for (MessagePointer& message : way.queue) recycle(std::move(message));
  way.queue.clear();
}

void SimNetwork::purge_connection(NodeId from, NodeId to, uint64_t connection) {
  std::erase_if(link(from, to).queue,
                [&](const MessagePointer& message) { return message->connection == connection; });
}

io::Nanoseconds SimNetwork::draw_latency() {
  SimRandom& random = world_.random();
  const bool slow = random.chance_ppm(options_.slow_ppm);
  return random.between(options_.latency_ns_min,
                        slow ? options_.slow_ns_max : options_.latency_ns_max);
}

bool SimNetwork::talks(NodeId a, NodeId b) {
  if (a == b) return true;
  return !is_cut(a, b) && !is_cut(b, a) && endpoints_[b] != nullptr && !world_.node(b).paused();
}

}  // namespace cairn::sim
