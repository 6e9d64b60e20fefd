// PeerLinks: calls to the stores of other nodes, over one connection per node.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "replication/peer_link.h"
#include "replication/peers.h"

namespace cairn::replication {

class PeerLinksHandler {
 public:
  /// `stop` has finished; the links may be destroyed from here.
  virtual void on_links_stopped() = 0;

 protected:
  ~PeerLinksHandler() = default;
};

/// Threading: the executor's.
class PeerLinks final : public Peers, private PeerLink::Owner, private io::Task {
 public:
  explicit PeerLinks(const LinkContext& context) : context_(context) {}
  ~PeerLinks();
  PeerLinks(const PeerLinks&) = delete;
  PeerLinks& operator=(const PeerLinks&) = delete;

  /// `node` is another node than this one. A node that the directory does not know answers nullptr.
  void call(NodeId node, const Request& request, PeerCall& call) override;
  void cancel(PeerCall& call) override;

  /// Answers every call with nullptr, closes, and tells the handler. No call may be made after it.
  void stop(PeerLinksHandler& handler);
  /// For the operator; in the order in which the nodes were first called.
  [[nodiscard]] std::vector<LinkReport> reports() const;

 private:
  void on_link_stopped() override;
  void run() override;

  LinkContext context_;
  std::vector<std::unique_ptr<PeerLink>> links_;
  tsl::robin_map<NodeId, size_t> indexes_;
  PeerLinksHandler* handler_ = nullptr;
  size_t stopped_count_ = 0;
};

}  // namespace cairn::replication
