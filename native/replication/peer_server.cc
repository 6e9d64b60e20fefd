#include "replication/peer_server.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"

namespace cairn::replication {

PeerServer::PeerServer(const PeerServerContext& context, std::unique_ptr<io::Listener> listener)
    : context_(context), listener_(std::move(listener)) {}

PeerServer::~PeerServer() {
  CAIRN_ASSERT(connections_.empty());
  CAIRN_ASSERT(!posted_);
}

void PeerServer::start(PeerServerHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
  io::ListenerHandler& events = *this;
  listener_->start(events);
}

void PeerServer::stop() {
  CAIRN_ASSERT(handler_ != nullptr);
  if (stopping_) return;
  stopping_ = true;
  listener_->stop();
  drain_connections();
}

void PeerServer::drain_connections() {
  // An ending connection leaves the list, so walk over a copy of it.
  std::vector<PeerServerConnection*> open;
  for (const auto& connection : connections_) open.push_back(connection.get());
  for (PeerServerConnection* connection : open) connection->drain();
}

void PeerServer::on_accept(std::unique_ptr<io::Stream> stream) {
  ++stats_.connections_count;
  // Dropping the stream closes it; no operation was started on it.
  if (stopping_ || connections_.size() >= kServerConnectionsMax) return;
  PeerServerConnection::Owner& owner = *this;
  connections_.push_back(
      std::make_unique<PeerServerConnection>(context_, stats_, owner, std::move(stream)));
  connections_.back()->start();
}

void PeerServer::on_stopped(const Status& status) {
  listener_stopped_ = true;
  listener_status_ = status;
  if (!stopping_) {
    stopping_ = true;
    drain_connections();
  }
  post();
}

PeerLoad& PeerServer::on_greeted(PeerServerConnection& connection, NodeId node) {
  // A node that connects anew has given up its connection of before, even if we do not know yet.
  std::vector<PeerServerConnection*> older;
  for (const auto& other : connections_) {
    if (other.get() != &connection && other->node() == node) older.push_back(other.get());
  }
  for (PeerServerConnection* other : older) other->abort();
  return loads_[node];
}

void PeerServer::on_room(NodeId node) {
  for (const auto& connection : connections_) {
    if (connection->node() == node) connection->resume();
  }
}

void PeerServer::on_connection_ended(PeerServerConnection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& entry) { return entry.get() == &connection; });
  CAIRN_ASSERT(found != connections_.end());
  ended_.push_back(std::move(*found));
  connections_.erase(found);
  post();
}

void PeerServer::post() {
  if (posted_) return;
  posted_ = true;
  context_.executor.post(*this);
}

void PeerServer::run() {
  posted_ = false;
  ended_.clear();
  if (!listener_stopped_ || !connections_.empty()) return;
  const Status status = listener_status_;
  handler_->on_peer_server_stopped(status);  // May destroy this server.
}

}  // namespace cairn::replication
