// Peers: calls to the stores of this and other nodes.
#pragma once

#include <cstdint>

#include "base/status.h"
#include "replication/ids.h"
#include "replication/messages.h"

namespace cairn::replication {

/// One call under way. Owned by the caller and unmoved until it is done or cancelled.
class PeerCall {
 public:
  /// Runs in a turn of its own, exactly once unless cancelled. `reply` and what it points to are
  /// valid during this call only. nullptr: the connection was lost, or there is none; whether the
  /// request was served is unknown. The call may be used again or destroyed from here.
  virtual void on_reply(const Reply* reply) = 0;

  // For Peers implementations only.
  uint64_t call_id = 0;  ///< 0: not under way.
  PeerCall* next_call = nullptr;

 protected:
  ~PeerCall() = default;
};

/// Told when a node's process is found to be another one than before.
class PeersListener {
 public:
  /// All calls to the node that were under way have been answered with nullptr before.
  virtual void on_peer_restarted(NodeId node) = 0;
  /// The connection broke or could not be made, with an answer from the node's machine that nobody
  /// listens there: the process is dead. Silence is not reported; callers have their own deadlines.
  virtual void on_peer_down(NodeId node) = 0;

 protected:
  ~PeersListener() = default;
};

class Peers {
 public:
  virtual ~Peers() = default;
  /// Sends `request` to the store's node; the request and its data were copied when this returns.
  /// Connects first if need be. Calls to one node arrive in the order in which they were made.
  virtual void call(NodeId node, const Request& request, PeerCall& call) = 0;
  /// Forgets a call under way: `on_reply` will not run. The request may still be served.
  virtual void cancel(PeerCall& call) = 0;
};

/// The other side: what serves the requests that arrive at a node.
class RequestHandler {
 public:
  /// Where the answer goes. Owned by the server; `answer` is called exactly once per request, in
  /// any later turn or within `handle`; the reply's spans need to live during that call only.
  class Responder {
   public:
    virtual void answer(const Reply& reply) = 0;

   protected:
    ~Responder() = default;
  };

  /// `request` and what it points to stay valid until it is answered; `data` is aligned to 4096.
  virtual void handle(const Request& request, Responder& responder) = 0;

 protected:
  ~RequestHandler() = default;
};

}  // namespace cairn::replication
