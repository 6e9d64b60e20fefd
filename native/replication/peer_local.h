// PeerLocal: calls to the stores of this very node, and PeerRouter, which picks it or a link.
//
// A local call has the same properties as one over a connection: the data is copied when it is
// made, the request is served in a later turn, and the reply is a copy that arrives in a turn of
// its own. So neither side is ever called while it is at work, and nobody changes the other's
// memory.
//
// Threading: the executor's.
#pragma once

#include <tsl/robin_map.h>

#include <cstdint>
#include <deque>
#include <memory>
#include <vector>

#include "io/buffer_pool.h"
#include "io/executor.h"
#include "replication/peers.h"

namespace cairn::replication {

/// Local calls under way; the next one is answered `busy`.
inline constexpr size_t kLocalCallsMax = 4096;
/// Bytes that their copies may take; beyond it calls are answered `busy` as well.
inline constexpr size_t kLocalBytesMax = 256 << 20;

class PeerLocal final : private io::Task {
 public:
  /// Everything outlives it.
  PeerLocal(io::Executor& executor, io::BufferPool& buffers, RequestHandler& handler);
  /// Only when nothing is under way.
  ~PeerLocal();
  PeerLocal(const PeerLocal&) = delete;
  PeerLocal& operator=(const PeerLocal&) = delete;

  void call(const Request& request, PeerCall& call);
  void cancel(PeerCall& call);
  [[nodiscard]] static bool is_local(const PeerCall& call) { return (call.call_id & kMark) != 0; }
  /// True when every call has been answered by the handler, cancelled ones included, and delivered.
  [[nodiscard]] bool idle() const { return calls_.empty() && !posted_; }

 private:
  static constexpr uint64_t kMark = uint64_t{1} << 63;

  struct Call final : RequestHandler::Responder {
    explicit Call(PeerLocal& local) : owner(local) {}
    void answer(const Reply& reply_given) override { owner.on_answer(*this, reply_given); }

    PeerLocal& owner;
    PeerCall* caller = nullptr;  ///< Nullptr: cancelled.
    uint64_t id = 0;
    bool refused = false;
    bool answered = false;
    Request request;
    std::vector<uint32_t> crcs;
    std::byte* data = nullptr;
    size_t data_bytes = 0;
    Reply reply;
    std::vector<uint32_t> reply_crcs;
    std::byte* reply_data = nullptr;
    size_t reply_data_bytes = 0;
  };

  void copy(Call& call, const Request& request);
  void on_answer(Call& call, const Reply& reply);
  void deliver(Call& call);
  void give_back(std::byte*& bytes, size_t& count);
  [[nodiscard]] std::byte* copy_of(std::span<const std::byte> bytes);
  void post(Call& call);
  void run() override;

  io::Executor& executor_;
  io::BufferPool& buffers_;
  RequestHandler& handler_;
  tsl::robin_map<uint64_t, std::unique_ptr<Call>> calls_;
  std::vector<std::unique_ptr<Call>> free_;
  /// Calls that are to be served, or whose answer is to be delivered, in the next turn.
  std::deque<Call*> due_;
  uint64_t next_id_ = kMark + 1;
  size_t bytes_ = 0;
  bool posted_ = false;
};

/// Peers for everybody on a node: its own stores and those of the others.
class PeerRouter final : public Peers {
 public:
  PeerRouter(NodeId self, PeerLocal& local, Peers& links)
      : self_(self), local_(local), links_(links) {}

  void call(NodeId node, const Request& request, PeerCall& call) override {
    node == self_ ? local_.call(request, call) : links_.call(node, request, call);
  }
  void cancel(PeerCall& call) override {
    PeerLocal::is_local(call) ? local_.cancel(call) : links_.cancel(call);
  }

 private:
  NodeId self_;
  PeerLocal& local_;
  Peers& links_;
};

}  // namespace cairn::replication
