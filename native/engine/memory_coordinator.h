// MemoryCoordinator: the agreed facts of a whole cluster in the memory of one process, for engines
// that have no etcd: cairn-engine-host, which serves one volume of one drive, and tests.
//
// It answers the events of EventCoordinator with the engine's own commands, and tells every engine
// all changes in one order. What it knows dies with its process.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "replication/coordinator.h"

namespace cairn::engine {

/// Threading: one thread at a time. Commands are sent in the order in which things happened;
/// sending must not wait for an answer, nor come back here.
class MemoryCoordinator {
 public:
  /// Takes one line of JSON, a command without interest in its answer.
  using SendFunction = std::function<void(const std::string& command)>;

  /// An engine takes part: it gets everything there is, and from then on every change. Gives its
  /// number.
  uint64_t join(SendFunction send);
  /// Its process ended.
  void leave(uint64_t engine);
  /// An event line of that engine. False: it is none of the coordinator's.
  bool take_event(uint64_t engine, std::string_view line);

  /// Changes facts as an administrator would. The outcome is committed or conflict.
  replication::Transaction::Outcome commit(const replication::Transaction& transaction);
  /// Whatever the key is now.
  void put(const std::string& key, const std::string& value);
  void remove(const std::string& key);
  /// The value of a key, empty if there is none.
  [[nodiscard]] std::string value(const std::string& key) const;

 private:
  struct Entry {
    std::string value;
    uint64_t revision = 0;
  };

  [[nodiscard]] std::string whole_state() const;

  std::map<std::string, Entry> state_;
  uint64_t revision_ = 1;
  std::map<uint64_t, SendFunction> engines_;
  uint64_t engine_last_ = 0;
};

}  // namespace cairn::engine
