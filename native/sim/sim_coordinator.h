// SimCoordinator: etcd in a simulated world. One linearizable state; every node gets its changes as
// one ordered stream, late and merged as a real watch may.
//
// A transaction travels to the coordinator, happens there at one moment or not at all, and its
// answer travels back. A node that is cut off, an outage, or a lost answer make it `unknown` after
// the deadline, having happened, not having happened, or happening later. A cut-off node's stream
// stalls and goes on without loss. A node that starts gets the whole state as its first batch.
//
// Threading: the world's thread; what a node gets, it gets on its own executor.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replication/coordinator.h"
#include "replication/facts.h"
#include "sim/world.h"

namespace cairn::sim {

struct SimCoordinatorOptions {
  io::Nanoseconds deadline_ns = 1'000'000'000;
  /// One way to the coordinator or back, and how late a change is seen.
  io::Nanoseconds latency_ns_min = 100'000;
  io::Nanoseconds latency_ns_max = 5'000'000;
  /// How often something of that takes up to `lag_ns_max` instead.
  uint32_t lag_ppm = 20'000;
  io::Nanoseconds lag_ns_max = 300'000'000;
  uint32_t answer_lost_ppm = 0;
};

struct SimCoordinatorStats {
  uint64_t committed = 0, conflicts = 0, unknown = 0;
  uint64_t barriers = 0, barriers_failed = 0;
  uint64_t batches = 0, batches_merged = 0;
  /// Transactions that happened although their node was told `unknown`.
  uint64_t happened_unknown = 0;
};

class SimCoordinator {
 public:
  SimCoordinator(World& world, const SimCoordinatorOptions& options);
  ~SimCoordinator();

  /// The node's process starts: its Facts are fed from here on. Both are valid until `stop`.
  [[nodiscard]] replication::Coordinator& start(replication::NodeId node,
                                                replication::Facts& facts);
  /// The process died; what it asked for may still happen.
  void stop(replication::NodeId node);

  void set_reachable(replication::NodeId node, bool reachable);
  /// Down: unreachable for everybody.
  void set_down(bool down);
  void set_answer_lost_ppm(uint32_t ppm) { options_.answer_lost_ppm = ppm; }

  /// Commits at once, as an administrator with etcdctl would; the callback is not run.
  replication::Transaction::Outcome commit_now(const replication::Transaction& transaction);
  /// The truth, in no node's eyes: fed at once with every change.
  [[nodiscard]] const replication::Facts& truth() const { return truth_; }
  /// Tells of every change when it happens.
  void add_observer(replication::FactsListener& observer) { truth_.add_listener(observer); }
  [[nodiscard]] const SimCoordinatorStats& stats() const { return stats_; }

 private:
  class Client;
  struct Journey;
  struct Entry {
    std::string value;
    uint64_t revision = 0;
  };

  /// Sends a copy of the transaction (or a barrier, without one) on its way; the answer goes to the
  /// client's waiter of that number.
  void send(const Client& client, uint64_t waiter, const replication::Transaction* transaction);
  void arrived(Journey& journey);
  void answer(const Journey& journey, replication::Transaction::Outcome outcome, uint64_t revision);
  void connectivity_changed();
  [[nodiscard]] replication::Transaction::Outcome execute(
      const replication::Transaction& transaction);
  [[nodiscard]] io::Nanoseconds draw_delay();
  [[nodiscard]] bool reachable(replication::NodeId node) const;
  [[nodiscard]] uint64_t revision() const { return log_.size(); }
  [[nodiscard]] replication::FactBatch whole_state() const;
  /// All changes above revision `from` up to `to`, as one batch.
  [[nodiscard]] replication::FactBatch merged(uint64_t from, uint64_t to) const;

  World& world_;
  SimCoordinatorOptions options_;
  SimCoordinatorStats stats_;
  std::map<std::string, Entry> state_;
  /// All changes, one revision each: log_[i] is revision i + 1.
  std::deque<replication::FactBatch> log_;
  replication::Facts truth_;
  bool down_ = false;
  uint64_t process_last_ = 0;
  std::vector<bool> reachable_;
  std::vector<std::unique_ptr<Client>> clients_;  ///< By node; null: not running.
  std::vector<std::unique_ptr<Journey>> journeys_;
};

}  // namespace cairn::sim
