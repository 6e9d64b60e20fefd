// Replica: what a store does for writers and for other stores.
//
// Every request is judged by the facts before it is served, and again after each wait: older epochs
// are refused, newer ones wait for the facts, and only a member in the right state answers
// (docs/internals/replication.md). Reads need an in-sync member; changes an in-sync or joining one.
//
// Threading: one executor's thread. Life: construct when the store is open and the facts are
// complete (a barrier was reached since the store was opened); start; handle; stop and wait for
// `quiet()`; destroy. Destroying without that is a crash: legal once its executor, peers and store
// are silenced.
#pragma once

#include <tsl/robin_map.h>

#include <memory>
#include <vector>

#include "replication/chunk_gates.h"
#include "replication/joiner.h"
#include "replication/place.h"
#include "replication/puller.h"
#include "store/flow.h"

namespace cairn::replication {

struct ReplicaStats {
  uint64_t writes = 0, reads = 0, opens = 0, decides = 0, lists = 0, pulls = 0, repairs = 0;
  uint64_t stale = 0, gaps = 0, duplicates = 0, parked = 0, busy = 0;
};

class Replica final : public FactsListener, private io::Timer {
 public:
  Replica(const ReplicaPlace& place, const ReplicaConfig& config);
  ~Replica();
  Replica(const Replica&) = delete;
  Replica& operator=(const Replica&) = delete;

  void start();
  /// Answers everything that waits with `busy` and refuses what comes.
  void stop();
  /// After `stop`: nothing is under way any more.
  [[nodiscard]] bool quiet() const { return served_count_ == 0 && joiner_.quiet(); }

  /// Serves a request for this store.
  void handle(const Request& request, RequestHandler::Responder& responder);

  void on_facts(const FactChanges& changes) override;

  [[nodiscard]] StoreId id() const { return place_.id; }
  [[nodiscard]] const ReplicaStats& stats() const { return stats_; }
  [[nodiscard]] JoinerStats joiner_stats() const { return joiner_.stats(); }

 private:
  /// One request under way.
  struct Served final : ChunkGates::Waiter {
    explicit Served(Replica& served_by) : replica(served_by) {}
    void on_gate() override { replica.on_gate(*this); }
    [[nodiscard]] ChunkKey key() const { return {request->volume, request->chunk}; }

    Replica& replica;
    const Request* request = nullptr;
    RequestHandler::Responder* responder = nullptr;
    io::Nanoseconds deadline = 0;
    /// Let in by the gate, not entered yet.
    bool let_in = false;
    /// A superseded change that waits, as a holder, for those before it to be durable.
    bool superseded = false;
    /// A flow serves it, and lets go of it when it ends.
    bool in_flow = false;
    store::StoreRequest change;
    store::ChunkMapRequest map;
    store::AlignedBuffer memory;
    std::vector<uint32_t> crcs;
    store::Flow flow;
  };
  enum class Verdict : uint8_t { serve, wait, answered };

  [[nodiscard]] Served& take(const Request& request, RequestHandler::Responder& responder);
  void serve(Served& served);
  [[nodiscard]] Verdict judge(Served& served);
  [[nodiscard]] Verdict judge_member(Served& served, const PgRecord& record);
  void park(Served& served);
  void on_timer() override;
  void on_gate(Served& served);

  void serve_change(Served& served);
  void offer_float(Served& served);
  void submit_change(Served& served, uint64_t tip);
  void on_change_done(Served& served);
  void serve_read(Served& served);
  void on_read_done(Served& served);
  void serve_map(Served& served);
  void serve_open(Served& served);
  void serve_list(Served& served);
  [[nodiscard]] store::Flow serve_decide(Served& served);
  [[nodiscard]] store::Flow serve_pull(Served& served);
  [[nodiscard]] store::Flow serve_repair(Served& served);
  void start_flow(Served& served, store::Flow flow);
  /// After a wait in a flow; false: answered.
  [[nodiscard]] bool judge_again(Served& served);

  [[nodiscard]] bool is_joining(PgId pg) const;
  [[nodiscard]] uint32_t epoch_of(PgId pg) const;
  [[nodiscard]] Reply reply_to(const Served& served, Answer answer) const;
  void answer(Served& served, Answer answer);
  void answer(Served& served, const Reply& reply);
  void release(Served& served);

  ReplicaPlace place_;
  ReplicaConfig config_;
  ReplicaStats stats_;
  ChunkGates gates_;
  Puller puller_;
  Joiner joiner_;
  std::vector<std::unique_ptr<Served>> all_;
  std::vector<Served*> free_;
  /// Those whose flow has just ended: reused from a later call on, not from inside the flow.
  std::vector<Served*> ended_;
  std::vector<Served*> parked_;
  /// Changes under way per volume, so that an open can wait for those of older writers.
  tsl::robin_map<uint64_t, uint32_t> changes_;
  uint32_t served_count_ = 0;
  bool stopping_ = false;
};

}  // namespace cairn::replication
