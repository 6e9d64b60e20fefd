#include "replication/chunk_gates.h"

#include <utility>

namespace cairn::replication {

bool ChunkGates::ask(const ChunkKey& key, Waiter& waiter) {
  const auto at = gates_.find(key);
  if (at == gates_.end()) return true;
  Gate& gate = *at->second;
  if (!gate.held && gate.holders.empty() && gate.changes.empty()) return true;
  gate.changes.push_back(&waiter);
  return false;
}

void ChunkGates::enter(const ChunkKey& key) {
  std::unique_ptr<Gate>& gate = gates_[key];
  if (gate == nullptr) gate = std::make_unique<Gate>();
  CAIRN_ASSERT(!gate->held);
  ++gate->under_way;
}

void ChunkGates::leave(const ChunkKey& key) {
  const auto at = gates_.find(key);
  CAIRN_ASSERT(at != gates_.end() && at->second->under_way > 0);
  --at->second->under_way;
  advance(key);
}

bool ChunkGates::hold(const ChunkKey& key, Waiter& waiter) {
  std::unique_ptr<Gate>& slot = gates_[key];
  if (slot == nullptr) slot = std::make_unique<Gate>();
  Gate& gate = *slot;
  if (gate.under_way == 0 && !gate.held && gate.holders.empty()) {
    gate.held = true;
    return true;
  }
  gate.holders.push_back(&waiter);
  return false;
}

void ChunkGates::release(const ChunkKey& key) {
  const auto at = gates_.find(key);
  CAIRN_ASSERT(at != gates_.end() && at->second->held);
  at->second->held = false;
  advance(key);
}

bool ChunkGates::held(const ChunkKey& key) const {
  const auto at = gates_.find(key);
  return at != gates_.end() && at->second->held;
}

uint32_t ChunkGates::under_way(const ChunkKey& key) const {
  const auto at = gates_.find(key);
  return at == gates_.end() ? 0 : at->second->under_way;
}

void ChunkGates::advance(const ChunkKey& key) {
  // Waiters may do anything to the gates, so it is looked up anew after each.
  while (!shut_) {
    const auto at = gates_.find(key);
    if (at == gates_.end()) return;
    Gate& gate = *at->second;
    if (gate.held) return;
    if (!gate.holders.empty()) {
      if (gate.under_way > 0) return;
      Waiter& next = *gate.holders.front();
      gate.holders.pop_front();
      gate.held = true;
      next.on_gate();
      continue;
    }
    if (!gate.changes.empty()) {
      Waiter& next = *gate.changes.front();
      gate.changes.pop_front();
      next.on_gate();
      continue;
    }
    if (gate.idle()) gates_.erase(at);
    return;
  }
}

}  // namespace cairn::replication
