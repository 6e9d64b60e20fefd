#include "sim/sim_peers.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace cairn::sim {

using replication::NodeId;
using replication::PeerCall;
using replication::Reply;
using replication::Request;

namespace {

std::string describe(NodeId client, NodeId server, uint64_t call_id, const Request& request) {
  return fmt::format(
      "call {} of node {} to node {}: kind {} store {} source {} group {} epoch {} volume {} epoch "
      "{} chunk {} version {:x} after {:x} sectors {}+{}",
      call_id, client, server, static_cast<int>(request.kind), request.store, request.source,
      replication::group_of(request.pg), request.pg_epoch, request.volume, request.volume_epoch,
      request.chunk, request.version, request.prev_version, request.first_sector,
      request.n_sectors);
}

}  // namespace

SimPeers::SimPeers(SimNetwork& network, NodeId node, uint64_t boot)
    : network_(network),
      executor_(network.world_.node(node)),
      node_(node),
      boot_(boot),
      sessions_(network.nodes_) {
  for (NodeId other = 0; other < sessions_.size(); ++other) {
    sessions_[other].owner = this;
    sessions_[other].node = other;
  }
}

SimPeers::~SimPeers() {
  executor_.cancel(*this);
  for (Session& session : sessions_) executor_.cancel(session);
}

size_t SimPeers::calls_count() const {
  size_t count = 0;
  for (const Session& session : sessions_) count += session.pending.size();
  return count;
}

// --- Calling ---

void SimPeers::call(NodeId node, const Request& request, PeerCall& call) {
  CAIRN_ASSERT(call.call_id == 0);
  Session& session = sessions_.at(node);
  call.call_id = ++call_last_;
  session.pending.push_back({call.call_id, &call});
  MessagePointer message = network_.make(Message::Kind::request, 0);
  message->head.resize(replication::head_bytes(request));
  const size_t written = replication::encode_request(call.call_id, request, message->head);
  CAIRN_ASSERT(written == message->head.size());
  network_.set_data(*message, request.data);
  ++network_.stats_.requests;
  if (!session.armed()) {
    session.heard_at = executor_.now();
    executor_.arm(session, network_.options_.silence_ns);
  }
  if (session.state == Session::State::connected) {
    message->connection = session.connection;
    return network_.send(node_, node, std::move(message));
  }
  session.unsent.push_back(std::move(message));
  if (session.state == Session::State::idle) connect(session);
}

void SimPeers::cancel(PeerCall& call) {
  if (call.call_id == 0) return;
  for (Session& session : sessions_) {
    std::erase_if(session.pending, [&](const Pending& each) { return each.call == &call; });
  }
  call.call_id = 0;
}

void SimPeers::connect(Session& session) {
  session.state = Session::State::connecting;
  session.connection = ++network_.connection_last_;
  ++network_.stats_.connections;
  network_.send(node_, session.node, network_.make(Message::Kind::connect, session.connection));
}

/// Nothing was answered for a while: if the other side can not be heard, the connection is given
/// up.
void SimPeers::check_silence(Session& session) {
  if (session.pending.empty()) return;
  const io::Nanoseconds patience = network_.options_.silence_ns;
  const io::Nanoseconds now = executor_.now();
  if (session.heard_at + patience > now) {
    return executor_.arm(session, session.heard_at + patience - now);
  }
  if (network_.talks(node_, session.node)) return executor_.arm(session, patience);
  ++network_.stats_.breaks;
  // What is on its way may be gone with the connection, or arrive without anybody waiting for it.
  if (network_.world_.random().below(2) == 0) {
    network_.purge_connection(node_, session.node, session.connection);
  }
  network_.send(node_, session.node, network_.make(Message::Kind::reset, session.connection));
  lose(session);
}

void SimPeers::lose(Session& session) {
  session.state = Session::State::idle;
  session.connection = 0;
  fail_pending(session);
}

/// Answers all calls made so far with nothing. Calls made meanwhile belong to the next connection.
void SimPeers::fail_pending(Session& session) {
  const uint64_t last = call_last_;
  for (MessagePointer& message : session.unsent) network_.recycle(std::move(message));
  session.unsent.clear();
  while (!session.pending.empty() && session.pending.front().id <= last) {
    PeerCall& call = *session.pending.front().call;
    session.pending.erase(session.pending.begin());
    call.call_id = 0;
    call.on_reply(nullptr);
  }
}

// --- What arrives ---

void SimPeers::arm_earliest() {
  io::Nanoseconds due = NodeExecutor::kNever;
  for (NodeId from = 1; from < network_.nodes_; ++from) {
    const SimNetwork::Link& way = network_.link(from, node_);
    if (way.cut || way.queue.empty()) continue;
    due = std::min(due, std::max(way.queue.front()->due, way.not_before));
  }
  if (due == NodeExecutor::kNever) return executor_.cancel(*this);
  const io::Nanoseconds now = executor_.now();
  executor_.arm(*this, due > now ? due - now : 0);
}

void SimPeers::on_timer() {
  NodeId earliest = 0;
  io::Nanoseconds due = NodeExecutor::kNever;
  for (NodeId from = 1; from < network_.nodes_; ++from) {
    const SimNetwork::Link& way = network_.link(from, node_);
    if (way.cut || way.queue.empty()) continue;
    const io::Nanoseconds arrives = std::max(way.queue.front()->due, way.not_before);
    if (arrives >= due) continue;
    due = arrives;
    earliest = from;
  }
  if (due > executor_.now()) return arm_earliest();
  auto& queue = network_.link(earliest, node_).queue;
  MessagePointer message = std::move(queue.front());
  queue.pop_front();
  arm_earliest();
  receive(earliest, std::move(message));
}

void SimPeers::receive(NodeId from, MessagePointer message) {
  if (message->kind == Message::Kind::request) return receive_request(from, std::move(message));
  Session& session = sessions_[from];
  const bool ours =
      session.state != Session::State::idle && session.connection == message->connection;
  switch (message->kind) {
    case Message::Kind::connect:
      receive_connect(from, *message);
      break;
    case Message::Kind::connected:
      if (ours) receive_connected(session, *message);
      break;
    case Message::Kind::reset:
      std::erase(served_, message->connection);
      if (ours) ++network_.stats_.breaks;
      if (ours) lose(session);
      break;
    case Message::Kind::refused:
      if (!ours) break;
      ++network_.stats_.breaks;
      lose(session);
      if (listener_ != nullptr) listener_->on_peer_down(from);
      break;
    case Message::Kind::reply:
      if (ours) receive_reply(session, *message);
      break;
    case Message::Kind::request:
      break;
  }
  network_.recycle(std::move(message));
}

void SimPeers::receive_connect(NodeId from, const Message& message) {
  if (handler_ == nullptr) return network_.refuse(node_, from, message.connection);
  if (!serves(message.connection)) served_.push_back(message.connection);
  MessagePointer reply = network_.make(Message::Kind::connected, message.connection);
  reply->boot = boot_;
  network_.send(node_, from, std::move(reply));
}

void SimPeers::receive_connected(Session& session, const Message& message) {
  if (session.state == Session::State::connected) return;
  session.heard_at = executor_.now();
  const bool restarted = session.boot_known != 0 && session.boot_known != message.boot;
  session.boot_known = message.boot;
  session.state = Session::State::connected;
  if (restarted) {
    fail_pending(session);
    if (listener_ != nullptr) listener_->on_peer_restarted(session.node);
    return;
  }
  for (MessagePointer& unsent : session.unsent) {
    unsent->connection = session.connection;
    network_.send(node_, session.node, std::move(unsent));
  }
  session.unsent.clear();
}

void SimPeers::receive_reply(Session& session, const Message& message) {
  session.heard_at = executor_.now();
  const std::span<const std::byte> head = message.head;
  const auto frame = replication::decode_frame(head.first<replication::kFrameBytes>());
  CAIRN_ASSERT(frame.ok());
  const auto place =
      std::lower_bound(session.pending.begin(), session.pending.end(), frame.value().call_id,
                       [](const Pending& each, uint64_t id) { return each.id < id; });
  if (place == session.pending.end() || place->id != frame.value().call_id) return;
  PeerCall& call = *place->call;
  session.pending.erase(place);
  Reply reply;
  const Status decoded =
      replication::decode_reply(frame.value(), head.subspan(replication::kFrameBytes), reply);
  CAIRN_ASSERT(decoded.ok());
  CAIRN_ASSERT(frame.value().data_bytes == message.data_bytes);
  reply.data = {message.data.get(), message.data_bytes};
  call.call_id = 0;
  call.on_reply(&reply);
}

// --- Serving ---

bool SimPeers::serves(uint64_t connection) const {
  return std::find(served_.begin(), served_.end(), connection) != served_.end();
}

SimPeers::Serving& SimPeers::idle_serving() {
  for (const auto& serving : servings_) {
    if (!serving->busy) return *serving;
  }
  servings_.push_back(std::make_unique<Serving>());
  return *servings_.back();
}

void SimPeers::receive_request(NodeId from, MessagePointer message) {
  if (handler_ == nullptr || !serves(message->connection)) {
    network_.send(node_, from, network_.make(Message::Kind::reset, message->connection));
    return network_.recycle(std::move(message));
  }
  Serving& serving = idle_serving();
  const std::span<const std::byte> head = message->head;
  const auto frame = replication::decode_frame(head.first<replication::kFrameBytes>());
  CAIRN_ASSERT(frame.ok());
  CAIRN_ASSERT(frame.value().data_bytes == message->data_bytes);
  serving.request = {};
  const Status decoded = replication::decode_request(
      frame.value(), head.subspan(replication::kFrameBytes), serving.request);
  CAIRN_ASSERT(decoded.ok());
  serving.request.data = {message->data.get(), message->data_bytes};
  serving.server = this;
  serving.client = from;
  serving.call_id = frame.value().call_id;
  serving.message = std::move(message);
  serving.busy = true;
  if (network_.trace_) {
    network_.trace_(describe(from, node_, serving.call_id, serving.request));
  }
  handler_->handle(serving.request, serving);
}

void SimPeers::answered(Serving& serving, const Reply& reply) {
  CAIRN_ASSERT(serving.busy);
  serving.busy = false;
  if (network_.trace_) {
    network_.trace_(
        fmt::format("call {} of node {}: answer {} group epoch {} version {:x} entries {}",
                    serving.call_id, serving.client, static_cast<int>(reply.answer), reply.pg_epoch,
                    reply.version, reply.entries.size()));
  }
  const uint64_t connection = serving.message->connection;
  if (serves(connection)) {
    const Request::Kind kind = serving.request.kind;
    MessagePointer message = network_.make(Message::Kind::reply, connection);
    message->head.resize(replication::head_bytes(kind, reply));
    const size_t written = replication::encode_reply(serving.call_id, kind, reply, message->head);
    CAIRN_ASSERT(written == message->head.size());
    network_.set_data(*message, reply.data.first(replication::data_bytes(kind, reply)));
    ++network_.stats_.replies;
    network_.send(node_, serving.client, std::move(message));
  }
  network_.recycle(std::move(serving.message));
}

}  // namespace cairn::sim
