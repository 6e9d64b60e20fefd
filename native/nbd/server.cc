#include "nbd/server.h"

#include <algorithm>
#include <utility>

#include "base/assert.h"
#include "nbd/protocol.h"

namespace cairn::nbd {

Server::Server(io::Executor& executor, io::BlockDevice& device, BufferPool& buffers,
               std::unique_ptr<io::Listener> listener, ServerOptions options)
    : executor_(executor),
      device_(device),
      buffers_(buffers),
      options_(std::move(options)),
      listener_(std::move(listener)) {
  CAIRN_ASSERT(options_.name.size() <= kNameBytesMax);
  CAIRN_ASSERT(options_.description.size() <= kNameBytesMax);
  CAIRN_ASSERT(options_.connections_max > 0);
  CAIRN_ASSERT(device_.size_bytes() % kBlockBytesMin == 0);
}

Server::~Server() {
  CAIRN_ASSERT(connections_.empty());
  CAIRN_ASSERT(!reap_task_.posted);
  CAIRN_ASSERT(!armed());
}

void Server::start(ServerHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
  listener_->start(*this);
}

void Server::stop() {
  CAIRN_ASSERT(handler_ != nullptr);
  if (stopping_) return;
  stopping_ = true;
  listener_->stop();
  drain_connections();
}

void Server::drain_connections() {
  // The timer runs for clients that do not take their replies; a quiet server needs none.
  if (!connections_.empty()) executor_.arm(*this, options_.drain_timeout);
  // An ending connection leaves the list, so walk over a copy of it.
  std::vector<Connection*> open;
  for (const auto& connection : connections_) open.push_back(connection.get());
  for (Connection* connection : open) connection->drain();
}

void Server::on_timer() {
  std::vector<Connection*> open;
  for (const auto& connection : connections_) open.push_back(connection.get());
  for (Connection* connection : open) connection->abort();
}

void Server::on_accept(std::unique_ptr<io::Stream> stream) {
  // Dropping the stream closes it; no operation was started on it.
  if (stopping_ || connections_.size() >= options_.connections_max) return;
  const ExportContext context{executor_,
                              device_,
                              buffers_,
                              stats_,
                              {.name = options_.name,
                               .description = options_.description,
                               .size_bytes = device_.size_bytes(),
                               .read_only = device_.read_only()}};
  ConnectionOwner& owner = *this;
  connections_.push_back(std::make_unique<Connection>(context, owner, std::move(stream)));
  stats_.connections_count++;
  stats_.connections_accepted_count++;
  connections_.back()->start();
}

void Server::on_stopped(const Status& status) {
  listener_stopped_ = true;
  listener_status_ = status;
  if (!stopping_) {
    stopping_ = true;
    drain_connections();
  }
  post_reap();
}

void Server::on_connection_ended(Connection& connection) {
  const auto found = std::find_if(connections_.begin(), connections_.end(),
                                  [&](const auto& entry) { return entry.get() == &connection; });
  CAIRN_ASSERT(found != connections_.end());
  ended_.push_back(std::move(*found));
  connections_.erase(found);
  CAIRN_ASSERT(stats_.connections_count > 0);
  stats_.connections_count--;
  post_reap();
}

void Server::post_reap() {
  if (reap_task_.posted) return;
  reap_task_.posted = true;
  executor_.post(reap_task_);
}

void Server::reap() {
  reap_task_.posted = false;
  ended_.clear();
  if (!listener_stopped_ || !connections_.empty()) return;
  if (armed()) executor_.cancel(*this);
  const Status status = listener_status_;
  handler_->on_server_stopped(status);  // may destroy this server
}

}  // namespace cairn::nbd
