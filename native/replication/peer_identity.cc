#include "replication/peer_identity.h"

#include <algorithm>

namespace cairn::replication {

Hello make_hello(const PeerIdentity& self, NodeId peer, const io::StreamPeer* proved) {
  Hello hello{.cluster = self.cluster, .node = self.node, .peer = peer, .boot = self.boot};
  if (proved != nullptr) hello.binding = proved->binding;
  return hello;
}

std::optional<Goodbye> check_hello(const PeerIdentity& self, const Hello& hello,
                                   const io::StreamPeer* proved, const PeerDirectory& directory) {
  if (hello.cluster != self.cluster) return Goodbye::wrong_cluster;
  if (hello.peer != self.node) return Goodbye::wrong_node;
  const PeerEndpoint* endpoint = directory.find(hello.node);
  if (endpoint == nullptr) return Goodbye::unknown_node;
  if (self.authenticate && (proved == nullptr || proved->name != endpoint->name)) {
    return Goodbye::wrong_node;
  }
  // Somebody who repeats another connection's hello is not at the other end of this one.
  if (hello.binding != (proved == nullptr ? Binding{} : proved->binding)) {
    return Goodbye::wrong_node;
  }
  const bool common =
      std::max(hello.protocol_min, kProtocolMin) <= std::min(hello.protocol_max, kProtocolMax);
  if (!common) return Goodbye::no_common_version;
  return std::nullopt;
}

}  // namespace cairn::replication
