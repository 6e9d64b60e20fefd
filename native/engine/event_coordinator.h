// EventCoordinator: a Coordinator whose requests leave the engine as events and whose answers come
// back as commands, so that whoever hosts the engine speaks to etcd.
//
// An answer that does not come in time is `unknown`, and a barrier's "not reached": nothing in the
// engine ever waits for its host without a bound.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>

#include "io/executor.h"
#include "replication/coordinator.h"

namespace cairn::engine {

/// The host's own deadline is one second (docs/internals/engine.md); this one catches its silence.
inline constexpr io::Nanoseconds kCoordinatorDeadline = 1'200'000'000;

/// Threading: the executor's. Nothing may be under way when it is destroyed.
class EventCoordinator final : public replication::Coordinator, private io::Timer {
 public:
  using EmitFunction = std::function<void(const nlohmann::json&)>;

  EventCoordinator(io::Executor& executor, EmitFunction emit)
      : executor_(executor), emit_(std::move(emit)) {}
  ~EventCoordinator() override;
  EventCoordinator(const EventCoordinator&) = delete;
  EventCoordinator& operator=(const EventCoordinator&) = delete;

  /// Event {"event": "coordinator.transact", "id", "compares": [{"key", "revision"}],
  /// "puts": [{"key", "value"}], "deletes": [key]}.
  void submit(replication::Transaction& transaction) override;
  /// Event {"event": "coordinator.barrier", "id"}.
  void submit(replication::Barrier& barrier) override;

  // Answers, from turns of their own. One that nobody waits for any more is forgotten.
  void on_transacted(uint64_t id, replication::Transaction::Outcome outcome, uint64_t revision);
  void on_barrier(uint64_t id, bool reached);

  [[nodiscard]] bool quiet() const { return transactions_.empty() && barriers_.empty(); }

 private:
  template <typename Request>
  struct Waiting {
    Request* request = nullptr;
    io::Nanoseconds deadline = 0;
  };

  void on_timer() override;
  void arm_timer();

  io::Executor& executor_;
  EmitFunction emit_;
  uint64_t id_last_ = 0;
  // By id, so also in the order of their deadlines.
  std::map<uint64_t, Waiting<replication::Transaction>> transactions_;
  std::map<uint64_t, Waiting<replication::Barrier>> barriers_;
};

}  // namespace cairn::engine
