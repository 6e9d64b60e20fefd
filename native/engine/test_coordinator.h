// SharedCoordinator: a MemoryCoordinator for tests whose engines live on other threads.
#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <utility>

#include "engine/memory_coordinator.h"

namespace cairn::engine {

/// Threading: any thread.
class SharedCoordinator {
 public:
  uint64_t join(MemoryCoordinator::SendFunction send) {
    const std::lock_guard lock(mutex_);
    return coordinator_.join(std::move(send));
  }
  void leave(uint64_t engine) {
    const std::lock_guard lock(mutex_);
    coordinator_.leave(engine);
  }
  bool take_event(uint64_t engine, std::string_view line) {
    const std::lock_guard lock(mutex_);
    return coordinator_.take_event(engine, line);
  }
  void put(const std::string& key, const std::string& value) {
    const std::lock_guard lock(mutex_);
    coordinator_.put(key, value);
  }
  void remove(const std::string& key) {
    const std::lock_guard lock(mutex_);
    coordinator_.remove(key);
  }
  [[nodiscard]] std::string value(const std::string& key) const {
    const std::lock_guard lock(mutex_);
    return coordinator_.value(key);
  }

 private:
  mutable std::mutex mutex_;
  MemoryCoordinator coordinator_;
};

}  // namespace cairn::engine
