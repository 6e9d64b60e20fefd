// Evictor: takes stores that fail their writers out of the placement groups, in etcd, before
// anything is acknowledged without them (storage design §4.5).
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "replication/awaits.h"
#include "replication/coordinator.h"
#include "replication/facts.h"
#include "store/flow.h"

namespace cairn::replication {

/// One per node; its writers share it. Threading: one executor's thread.
class Evictor {
 public:
  Evictor(io::Executor& executor, const Facts& facts, Coordinator& coordinator)
      : executor_(executor), facts_(facts), coordinator_(coordinator) {}
  Evictor(const Evictor&) = delete;
  Evictor& operator=(const Evictor&) = delete;

  /// Asks etcd to take `store` out of every group that has another in-sync member, provided that
  /// the volume is still open under `volume_epoch`. Asking again while it is under way, or shortly
  /// after, does nothing. The outcome is in the facts.
  void evict(StoreId store, uint64_t volume, uint32_t volume_epoch);

  /// Nothing is under way.
  [[nodiscard]] bool quiet() const { return running_ == 0; }
  [[nodiscard]] uint64_t evictions() const { return evictions_; }

 private:
  struct Job {
    Evictor* owner = nullptr;
    store::Flow flow;
    bool running = false;
    io::Nanoseconds not_before = 0;
  };
  [[nodiscard]] store::Flow run(StoreId store, uint64_t volume, uint32_t volume_epoch);

  io::Executor& executor_;
  const Facts& facts_;
  Coordinator& coordinator_;
  std::map<StoreId, Job> jobs_;
  uint32_t running_ = 0;
  uint64_t evictions_ = 0;
};

}  // namespace cairn::replication
