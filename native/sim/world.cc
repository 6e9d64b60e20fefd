#include "sim/world.h"

#include <algorithm>

namespace cairn::sim {

World::World(SimRandom& random, uint32_t nodes_count) : random_(random) {
  for (uint32_t i = 0; i <= nodes_count; ++i) {
    nodes_.push_back(std::make_unique<NodeExecutor>(now_));
  }
}

io::Nanoseconds World::earliest() const {
  io::Nanoseconds due = NodeExecutor::kNever;
  for (const auto& node : nodes_) due = std::min(due, node->due());
  return due;
}

bool World::step() {
  const io::Nanoseconds due = earliest();
  if (due == NodeExecutor::kNever) return false;
  now_ = std::max(now_, due);
  uint32_t ready_count = 0;
  NodeExecutor* chosen = nullptr;
  for (const auto& node : nodes_) {
    if (node->due() > now_) continue;
    ++ready_count;
    // Each of the ready ones is as likely as the others (reservoir of one).
    if (ready_count == 1 || random_.below(ready_count) == 0) chosen = node.get();
  }
  ++steps_;
  chosen->run_one();
  return true;
}

}  // namespace cairn::sim
