// Coordinator: the way to etcd. TypeScript serves it in the daemon, the simulator in tests.
//
// Whatever is decided here reaches the node's Facts through its ordered stream, its own decisions
// included: nothing acts on the answer of a transaction before the Facts show it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace cairn::replication {

/// All compares hold: all changes happen, at one revision. Otherwise nothing happens. Owned by the
/// caller and unmoved until `on_done` ran.
struct Transaction {
  /// The key's last change is exactly `revision`; 0: it does not exist.
  struct Compare {
    std::string key;
    uint64_t revision = 0;
  };
  struct Put {
    std::string key;
    std::string value;
  };
  enum class Outcome : uint8_t {
    committed,
    conflict,  ///< A compare failed: the Facts are about to move.
    unknown,   ///< No answer in time. It may have happened, or may yet happen.
  };

  std::vector<Compare> compares;
  std::vector<Put> puts;
  std::vector<std::string> deletes;

  Outcome outcome = Outcome::unknown;
  uint64_t revision = 0;  ///< If committed.
  void (*on_done)(Transaction& transaction) = nullptr;
  void* context = nullptr;
};

/// Owned by the caller and unmoved until `on_done` ran.
struct Barrier {
  /// True: the Facts now contain everything that was decided before the barrier was submitted.
  /// False: etcd could not be asked in time.
  bool reached = false;
  void (*on_done)(Barrier& barrier) = nullptr;
  void* context = nullptr;
};

/// Threading: one executor's thread; completions come in turns of their own. Everything completes
/// within a second or so, if need be without an answer.
class Coordinator {
 public:
  virtual ~Coordinator() = default;
  virtual void submit(Transaction& transaction) = 0;
  virtual void submit(Barrier& barrier) = 0;
};

}  // namespace cairn::replication
