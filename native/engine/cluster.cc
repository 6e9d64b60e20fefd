#include "engine/cluster.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "base/assert.h"
#include "replication/awaits.h"
#include "replication/fact_changes.h"

namespace cairn::engine {

using replication::Commit;
using replication::NodeId;
using replication::StoreId;
using replication::Transaction;
using store::Flow;

namespace {

constexpr io::Nanoseconds kStopPoll = 2'000'000;
constexpr io::Nanoseconds kLeaveRetry = 100'000'000;

replication::PeerIdentity identity_of(const ClusterOptions& options, io::Random& random) {
  return {.cluster = options.cluster,
          .node = options.node,
          .boot = random.next(),
          .authenticate = options.authenticate};
}

}  // namespace

/// A failed store's way out of its groups.
struct Cluster::Farewell {
  Flow flow;
  bool ended = false;
};

Cluster::Cluster(io::UringReactor& reactor, io::BufferPool& buffers, io::Random& random,
                 ClusterOwner& owner, ClusterOptions options,
                 std::unique_ptr<io::Connector> connector, std::unique_ptr<io::Listener> listener)
    : reactor_(reactor),
      owner_(owner),
      options_(std::move(options)),
      self_(identity_of(options_, random)),
      coordinator_(reactor, [this](const auto& event) { owner_.on_cluster_event(event); }),
      connector_(std::move(connector)),
      local_(reactor, buffers, *this),
      links_({reactor, *connector_, buffers, *this, *this, self_}),
      router_(options_.node, local_, links_),
      node_(options_.node, reactor, facts_, coordinator_, router_, options_.node_config) {
  CAIRN_ASSERT(options_.node != 0);
  facts_.add_listener(*this);
  if (listener == nullptr) return;
  server_stopped_ = false;
  server_ = std::make_unique<replication::PeerServer>(
      replication::PeerServerContext{reactor, buffers, *this, *this, self_}, std::move(listener));
  server_->start(*this);
}

Cluster::~Cluster() {
  CAIRN_ASSERT(hosted_.empty());
  CAIRN_ASSERT(farewells_.empty());
  reactor_.cancel(*this);
  facts_.remove_listener(*this);
}

void Cluster::add_store(StoreId id, store::Store& store) {
  CAIRN_ASSERT(!stopping_);
  CAIRN_ASSERT(hosted_.insert(id).second);
  node_.add_store(id, store);
}

void Cluster::remove_store(StoreId id, std::function<void()> done) {
  if (!hosted_.contains(id)) return done();
  const auto [waiting, is_first] = removing_.try_emplace(id);
  waiting->second.push_back(std::move(done));
  if (!is_first) return;
  node_.remove_store(id, [this, id] {
    hosted_.erase(id);
    const auto found = removing_.find(id);
    const auto functions = std::move(found->second);
    removing_.erase(found);
    for (const auto& function : functions) function();
  });
}

void Cluster::fail_store(StoreId id) {
  if (!hosted_.contains(id)) return;
  remove_store(id, [] {});
  std::erase_if(farewells_, [](const auto& farewell) { return farewell->ended; });
  Farewell& farewell = *farewells_.emplace_back(std::make_unique<Farewell>());
  farewell.flow = leave_groups(id);
  farewell.flow.start([](void* context, Status) { static_cast<Farewell*>(context)->ended = true; },
                      &farewell);
}

/// Ends when the store counts for nothing any more wherever another in-sync copy is.
Flow Cluster::leave_groups(StoreId id) {
  while (!stopping_) {
    std::vector<Transaction> changes = replication::evict(facts_, id, 0, 0);
    if (changes.empty()) break;
    for (Transaction& change : changes) {
      Commit commit(coordinator_, std::move(change));
      static_cast<void>(co_await commit);
    }
    // The facts show the changes a little later; a conflict needs them as well.
    co_await replication::Sleep(reactor_, kLeaveRetry);
  }
  co_return Status();
}

// --- Peers ---

void Cluster::handle(const replication::Request& request, Responder& responder) {
  node_.handle(request, responder);
}

void Cluster::on_peer_restarted(NodeId node) { node_.on_peer_restarted(node); }

void Cluster::on_peer_down(NodeId node) { node_.on_peer_down(node); }

const replication::PeerEndpoint* Cluster::find(NodeId node) const {
  const auto found = peers_.find(node);
  return found == peers_.end() ? nullptr : &found->second;
}

void Cluster::on_facts(const replication::FactChanges& changes) {
  for (const uint64_t volume : changes.volumes) {
    const replication::OpenVolume* open = node_.find_volume(volume);
    if (open == nullptr || !open->writer().fenced()) {
      fenced_.erase(volume);
    } else if (fenced_.insert(volume).second) {
      owner_.on_volume_fenced(volume);
    }
  }
}

// --- The end ---

void Cluster::stop(std::function<void()> done) {
  CAIRN_ASSERT(!stopping_);
  stopping_ = true;
  stopped_ = std::move(done);
  node_.stop();
  if (server_ != nullptr) server_->stop();
  reactor_.arm(*this, kStopPoll);
}

void Cluster::on_peer_server_stopped(const Status& status) {
  server_stopped_ = true;
  if (stopping_) return;
  owner_.on_cluster_event(
      {{"event", "cluster.server_failed"},
       {"error",
        {{"kind", std::string(to_string(status.kind()))}, {"message", status.context()}}}});
}

void Cluster::on_links_stopped() { links_stopped_ = true; }

void Cluster::on_timer() {
  std::erase_if(farewells_, [](const auto& farewell) { return farewell->ended; });
  const bool quiet = node_.quiet() && farewells_.empty() && coordinator_.quiet() && local_.idle() &&
                     server_stopped_;
  // The node's calls are over by now, so nothing is lost with the links.
  if (quiet && links_stopped_) return stopped_();
  if (quiet && !links_stopping_) {
    links_stopping_ = true;
    links_.stop(*this);
  }
  reactor_.arm(*this, kStopPoll);
}

}  // namespace cairn::engine
