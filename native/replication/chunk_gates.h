// ChunkGates: which chunks of a store have changes under way, and which are held.
//
// A hold keeps new changes of a chunk out, waits until those under way are durable, and then
// belongs to its holder, who sees the chunk at one exact version until it lets go.
#pragma once

#include <tsl/robin_map.h>

#include <coroutine>
#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "base/assert.h"
#include "replication/ids.h"

namespace cairn::replication {

/// Threading: one executor's thread. Waiters run inside the call that frees them.
class ChunkGates {
 public:
  /// What waits at a gate; intrusive users keep it in themselves.
  class Waiter {
   public:
    /// The gate is open to it: a change may enter (it has not entered yet), a holder holds.
    virtual void on_gate() = 0;

   protected:
    ~Waiter() = default;
  };

  /// True: the change may enter now. False: `waiter` is told when it is worth asking again.
  [[nodiscard]] bool ask(const ChunkKey& key, Waiter& waiter);
  void enter(const ChunkKey& key);
  void leave(const ChunkKey& key);

  /// True: held at once. False: `waiter` is told when it holds.
  [[nodiscard]] bool hold(const ChunkKey& key, Waiter& waiter);
  void release(const ChunkKey& key);

  /// Nobody is let in any more: the owners of the waiters are being destroyed.
  void shut() { shut_ = true; }

  [[nodiscard]] bool held(const ChunkKey& key) const;
  [[nodiscard]] uint32_t under_way(const ChunkKey& key) const;

 private:
  struct Gate {
    uint32_t under_way = 0;
    bool held = false;
    std::deque<Waiter*> holders;  ///< The first one is next to hold.
    std::deque<Waiter*> changes;
    [[nodiscard]] bool idle() const {
      return under_way == 0 && !held && holders.empty() && changes.empty();
    }
  };

  void advance(const ChunkKey& key);

  tsl::robin_map<ChunkKey, std::unique_ptr<Gate>, ChunkKeyHash> gates_;
  bool shut_ = false;
};

/// `co_await Hold(gates, key)`; lets go at destruction.
class Hold final : private ChunkGates::Waiter {
 public:
  Hold(ChunkGates& gates, const ChunkKey& key) : gates_(gates), key_(key) {}
  ~Hold() {
    if (holds_) gates_.release(key_);
  }
  Hold(const Hold&) = delete;
  Hold& operator=(const Hold&) = delete;
  bool await_ready() { return holds_ = gates_.hold(key_, *this); }
  void await_suspend(std::coroutine_handle<> caller) { caller_ = caller; }
  void await_resume() const noexcept {}
  void release() {
    if (std::exchange(holds_, false)) gates_.release(key_);
  }

 private:
  void on_gate() override {
    holds_ = true;
    caller_.resume();
  }
  ChunkGates& gates_;
  ChunkKey key_;
  bool holds_ = false;
  std::coroutine_handle<> caller_;
};

}  // namespace cairn::replication
