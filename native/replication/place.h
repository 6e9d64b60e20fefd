// What a store's replica lives in, and the numbers of its patience.
#pragma once

#include <cstdint>

#include "io/executor.h"
#include "replication/coordinator.h"
#include "replication/facts.h"
#include "replication/ids.h"
#include "replication/peers.h"
#include "store/store.h"

namespace cairn::replication {

/// All references outlive the replica. `store` is open.
struct ReplicaPlace {
  io::Executor& executor;
  store::Store& store;
  const Facts& facts;
  Peers& peers;
  Coordinator& coordinator;
  StoreId id = 0;
};

struct ReplicaConfig {
  /// How long a request waits for the facts to catch up with it before it is answered `busy`.
  io::Nanoseconds park_ns = 2'000'000'000;
  uint32_t parked_max = 4096;
  /// Chunks that a joining store copies at a time.
  uint32_t copies_max = 8;
  /// Memory for writes to chunks whose base is not there yet; more wait for the copying.
  uint64_t float_bytes_max = uint64_t{64} << 20;
  io::Nanoseconds pull_deadline_ns = 2'000'000'000;
  io::Nanoseconds retry_ns = 100'000'000;
  uint32_t list_page = 4096;
};

/// Versions below every volume epoch, for chunks whose content was put there, not written
/// (docs/internals/replication.md).
/// A chunk that is being copied: neither the old nor the new state.
inline constexpr uint64_t kIncompleteVersion = 1;
/// A chunk that was copied from a store where it does not exist.
inline constexpr uint64_t kEmptyVersion = 2;

/// What others are told of a chunk's version.
[[nodiscard]] constexpr uint64_t told_version(uint64_t version) {
  return version == kEmptyVersion ? 0 : version;
}

}  // namespace cairn::replication
