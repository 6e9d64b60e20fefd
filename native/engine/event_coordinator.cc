#include "engine/event_coordinator.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/assert.h"

namespace cairn::engine {

using nlohmann::json;
using replication::Barrier;
using replication::Transaction;

EventCoordinator::~EventCoordinator() {
  CAIRN_ASSERT(quiet());
  executor_.cancel(*this);
}

void EventCoordinator::submit(Transaction& transaction) {
  CAIRN_ASSERT(transaction.on_done != nullptr);
  const uint64_t id = ++id_last_;
  transactions_[id] = {&transaction, executor_.now() + kCoordinatorDeadline};
  json compares = json::array();
  for (const auto& compare : transaction.compares) {
    compares.push_back({{"key", compare.key}, {"revision", compare.revision}});
  }
  json puts = json::array();
  for (const auto& put : transaction.puts) {
    puts.push_back({{"key", put.key}, {"value", put.value}});
  }
  arm_timer();
  emit_({{"event", "coordinator.transact"},
         {"id", id},
         {"compares", std::move(compares)},
         {"puts", std::move(puts)},
         {"deletes", transaction.deletes}});
}

void EventCoordinator::submit(Barrier& barrier) {
  CAIRN_ASSERT(barrier.on_done != nullptr);
  const uint64_t id = ++id_last_;
  barriers_[id] = {&barrier, executor_.now() + kCoordinatorDeadline};
  arm_timer();
  emit_({{"event", "coordinator.barrier"}, {"id", id}});
}

void EventCoordinator::on_transacted(uint64_t id, Transaction::Outcome outcome, uint64_t revision) {
  const auto found = transactions_.find(id);
  if (found == transactions_.end()) return;
  Transaction& transaction = *found->second.request;
  transactions_.erase(found);
  transaction.outcome = outcome;
  transaction.revision = outcome == Transaction::Outcome::committed ? revision : 0;
  transaction.on_done(transaction);
}

void EventCoordinator::on_barrier(uint64_t id, bool reached) {
  const auto found = barriers_.find(id);
  if (found == barriers_.end()) return;
  Barrier& barrier = *found->second.request;
  barriers_.erase(found);
  barrier.reached = reached;
  barrier.on_done(barrier);
}

void EventCoordinator::on_timer() {
  // Whoever is told may submit anew; that one's deadline is later.
  const io::Nanoseconds now = executor_.now();
  while (!transactions_.empty() && transactions_.begin()->second.deadline <= now) {
    on_transacted(transactions_.begin()->first, Transaction::Outcome::unknown, 0);
  }
  while (!barriers_.empty() && barriers_.begin()->second.deadline <= now) {
    on_barrier(barriers_.begin()->first, false);
  }
  arm_timer();
}

void EventCoordinator::arm_timer() {
  if (armed() || quiet()) return;
  io::Nanoseconds first = UINT64_MAX;
  if (!transactions_.empty()) first = transactions_.begin()->second.deadline;
  if (!barriers_.empty()) first = std::min(first, barriers_.begin()->second.deadline);
  const io::Nanoseconds now = executor_.now();
  executor_.arm(*this, first > now ? first - now : 0);
}

}  // namespace cairn::engine
