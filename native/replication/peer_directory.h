// PeerDirectory: the nodes of the cluster and where they are.
#pragma once

#include <string>

#include "replication/ids.h"

namespace cairn::replication {

struct PeerEndpoint {
  /// Where its PeerServer listens, as the connector understands it ("10.0.0.3:7400").
  std::string address;
  /// The common name of its certificate; of no meaning on links that do not authenticate.
  std::string name;
};

/// Threading: the executor's. What it says may change between calls; connections that exist stay.
class PeerDirectory {
 public:
  virtual ~PeerDirectory() = default;
  /// Nullptr: no node of the cluster. Valid until the directory changes.
  [[nodiscard]] virtual const PeerEndpoint* find(NodeId node) const = 0;
};

}  // namespace cairn::replication
