// What a node says about itself to its peers, and what it demands of them.
#pragma once

#include <cstdint>
#include <optional>

#include "io/stream.h"
#include "replication/ids.h"
#include "replication/peer_directory.h"
#include "replication/wire.h"

namespace cairn::replication {

struct PeerIdentity {
  ClusterId cluster{};
  NodeId node = 0;
  /// Random per process.
  uint64_t boot = 0;
  /// True: only streams whose other end has proved its name are used. False is for tests and for
  /// networks that nobody else can reach.
  bool authenticate = true;
};

/// Our hello to `peer` on a stream whose other end is `proved` (nullptr: nobody knows).
[[nodiscard]] Hello make_hello(const PeerIdentity& self, NodeId peer, const io::StreamPeer* proved);

/// Why a hello that came on such a stream is not good enough to talk to its sender; nothing if it
/// is. `directory` has who is a node, and by what name.
[[nodiscard]] std::optional<Goodbye> check_hello(const PeerIdentity& self, const Hello& hello,
                                                 const io::StreamPeer* proved,
                                                 const PeerDirectory& directory);

}  // namespace cairn::replication
