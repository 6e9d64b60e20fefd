// Cluster: an engine's part in the cluster: the facts, the way to etcd through the host, the peers,
// and the StorageNode that serves this node's stores and opens its volumes.
//
// Threading: the reactor's thread. Life: made by `cluster.start`; stores and volumes come and go;
// `stop` once there are none, and destroyed after its function ran.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "engine/event_coordinator.h"
#include "io/buffer_pool.h"
#include "io/connector.h"
#include "io/random.h"
#include "io/stream.h"
#include "io/uring_reactor.h"
#include "replication/facts.h"
#include "replication/node.h"
#include "replication/peer_directory.h"
#include "replication/peer_links.h"
#include "replication/peer_local.h"
#include "replication/peer_server.h"
#include "store/flow.h"

namespace cairn::engine {

struct ClusterOptions {
  replication::NodeId node = 0;
  replication::ClusterId cluster{};
  /// The node's name in its certificate.
  std::string name;
  bool authenticate = false;
  replication::StorageNodeConfig node_config;
};

/// What a cluster tells its engine, in the order in which it happens.
class ClusterOwner {
 public:
  /// For the host.
  virtual void on_cluster_event(const nlohmann::json& event) = 0;
  /// The volume, which is open here, belongs to a newer writer: it serves nothing more. Nothing is
  /// to be opened or closed from inside this call.
  virtual void on_volume_fenced(uint64_t volume) = 0;

 protected:
  ~ClusterOwner() = default;
};

class Cluster final : private replication::RequestHandler,
                      private replication::PeersListener,
                      private replication::PeerDirectory,
                      private replication::FactsListener,
                      private replication::PeerServerHandler,
                      private replication::PeerLinksHandler,
                      private io::Timer {
 public:
  /// `listener`: where peers connect, nullptr for a node that nobody else belongs to.
  Cluster(io::UringReactor& reactor, io::BufferPool& buffers, io::Random& random,
          ClusterOwner& owner, ClusterOptions options, std::unique_ptr<io::Connector> connector,
          std::unique_ptr<io::Listener> listener);
  ~Cluster();
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;

  /// The other nodes and where they are, instead of those known before.
  void set_peers(std::map<replication::NodeId, replication::PeerEndpoint> peers) {
    peers_ = std::move(peers);
  }

  void add_store(replication::StoreId id, store::Store& store);
  /// `done` runs, maybe within the call, when the store is not used any more.
  void remove_store(replication::StoreId id, std::function<void()> done);
  /// The store failed: it is removed, and asks to be taken out of its groups.
  void fail_store(replication::StoreId id);

  [[nodiscard]] replication::Facts& facts() { return facts_; }
  [[nodiscard]] const replication::Facts& facts() const { return facts_; }
  [[nodiscard]] EventCoordinator& coordinator() { return coordinator_; }
  [[nodiscard]] replication::StorageNode& node() { return node_; }
  [[nodiscard]] const replication::StorageNode& node() const { return node_; }
  [[nodiscard]] replication::NodeId id() const { return options_.node; }
  [[nodiscard]] std::vector<replication::LinkReport> links() const { return links_.reports(); }
  [[nodiscard]] const replication::PeerServer* server() const { return server_.get(); }
  [[nodiscard]] bool hosts(replication::StoreId id) const { return hosted_.contains(id); }

  /// No store is there and no volume is open. `done` runs in a later turn, when nothing is under
  /// way any more.
  void stop(std::function<void()> done);

 private:
  struct Farewell;

  void handle(const replication::Request& request, Responder& responder) override;
  void on_peer_restarted(replication::NodeId node) override;
  void on_peer_down(replication::NodeId node) override;
  [[nodiscard]] const replication::PeerEndpoint* find(replication::NodeId node) const override;
  void on_facts(const replication::FactChanges& changes) override;
  void on_peer_server_stopped(const Status& status) override;
  void on_links_stopped() override;
  void on_timer() override;
  [[nodiscard]] store::Flow leave_groups(replication::StoreId id);

  io::UringReactor& reactor_;
  ClusterOwner& owner_;
  ClusterOptions options_;
  replication::PeerIdentity self_;
  std::map<replication::NodeId, replication::PeerEndpoint> peers_;
  replication::Facts facts_;
  EventCoordinator coordinator_;
  std::unique_ptr<io::Connector> connector_;
  replication::PeerLocal local_;
  replication::PeerLinks links_;
  replication::PeerRouter router_;
  replication::StorageNode node_;
  /// After the node that it serves.
  std::unique_ptr<replication::PeerServer> server_;

  std::set<replication::StoreId> hosted_;
  /// Who waits for a store to be let go.
  std::map<replication::StoreId, std::vector<std::function<void()>>> removing_;
  std::vector<std::unique_ptr<Farewell>> farewells_;
  /// Volumes that the owner was told of.
  std::set<uint64_t> fenced_;
  std::function<void()> stopped_;
  bool stopping_ = false;
  bool server_stopped_ = true;
  bool links_stopping_ = false;
  bool links_stopped_ = false;
};

}  // namespace cairn::engine
