#include "replication/peer_links.h"

#include "base/assert.h"

namespace cairn::replication {

namespace {

/// The upper bits of a call's id are its link's index, so that `cancel` finds it.
constexpr uint32_t kSequenceBits = 48;
/// The highest bit is set in the ids of calls that stay on the node (peer_local.h).
constexpr size_t kLinksMax = size_t{1} << (63 - kSequenceBits);

}  // namespace

PeerLinks::~PeerLinks() {
  const bool idle = links_.empty() || stopped_count_ == links_.size();
  CAIRN_ASSERT(idle);
}

void PeerLinks::call(NodeId node, const Request& request, PeerCall& call) {
  CAIRN_ASSERT(node != context_.self.node);
  CAIRN_ASSERT(handler_ == nullptr);
  const auto [found, is_new] = indexes_.insert({node, links_.size()});
  const size_t index = found->second;
  if (is_new) {
    CAIRN_ASSERT(index < kLinksMax);
    PeerLink::Owner& owner = *this;
    const uint64_t ids_base = (uint64_t{index} << kSequenceBits) + 1;
    links_.push_back(std::make_unique<PeerLink>(context_, owner, node, ids_base));
  }
  links_[index]->call(request, call);
}

void PeerLinks::cancel(PeerCall& call) {
  CAIRN_ASSERT(call.call_id != 0);
  const auto index = static_cast<size_t>(call.call_id >> kSequenceBits);
  CAIRN_ASSERT(index < links_.size());
  links_[index]->cancel(call);
}

void PeerLinks::stop(PeerLinksHandler& handler) {
  CAIRN_ASSERT(handler_ == nullptr);
  handler_ = &handler;
  for (const auto& link : links_) link->stop();
  if (links_.empty()) context_.executor.post(*this);
}

void PeerLinks::on_link_stopped() {
  ++stopped_count_;
  if (stopped_count_ == links_.size()) context_.executor.post(*this);
}

void PeerLinks::run() { handler_->on_links_stopped(); }

std::vector<LinkReport> PeerLinks::reports() const {
  std::vector<LinkReport> reports;
  for (const auto& link : links_) reports.push_back(link->report());
  return reports;
}

}  // namespace cairn::replication
