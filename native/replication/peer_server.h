// PeerServer: takes the connections of the other nodes and hands their requests to the stores.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "base/status.h"
#include "io/executor.h"
#include "io/stream.h"
#include "replication/peer_server_connection.h"

namespace cairn::replication {

/// Further connections are turned away. A node has one, and perhaps an old one that is ending.
inline constexpr size_t kServerConnectionsMax = 256;

class PeerServerHandler {
 public:
  /// `stop` has finished, or the listener failed (`status`): nothing is under way. The server may
  /// be destroyed from here.
  virtual void on_peer_server_stopped(const Status& status) = 0;

 protected:
  ~PeerServerHandler() = default;
};

/// Threading: the executor's.
class PeerServer final : private io::ListenerHandler,
                         private PeerServerConnection::Owner,
                         private io::Task {
 public:
  PeerServer(const PeerServerContext& context, std::unique_ptr<io::Listener> listener);
  ~PeerServer();
  PeerServer(const PeerServer&) = delete;
  PeerServer& operator=(const PeerServer&) = delete;

  void start(PeerServerHandler& handler);
  /// Accepts no more, answers what is under way, says goodbye, then tells the handler. Peers that
  /// do not take their replies are cut off after a while; requests are always waited for.
  void stop();

  [[nodiscard]] const PeerServerStats& stats() const { return stats_; }
  [[nodiscard]] size_t connections_count() const { return connections_.size(); }

 private:
  void on_accept(std::unique_ptr<io::Stream> stream) override;
  void on_stopped(const Status& status) override;
  PeerLoad& on_greeted(PeerServerConnection& connection, NodeId node) override;
  void on_room(NodeId node) override;
  void on_connection_ended(PeerServerConnection& connection) override;
  void drain_connections();
  void post();
  void run() override;

  PeerServerContext context_;
  std::unique_ptr<io::Listener> listener_;
  PeerServerHandler* handler_ = nullptr;
  PeerServerStats stats_;
  std::vector<std::unique_ptr<PeerServerConnection>> connections_;
  std::vector<std::unique_ptr<PeerServerConnection>> ended_;
  /// By node; entries stay, for there are few nodes.
  std::map<NodeId, PeerLoad> loads_;
  Status listener_status_;
  bool stopping_ = false;
  bool listener_stopped_ = false;
  bool posted_ = false;
};

}  // namespace cairn::replication
