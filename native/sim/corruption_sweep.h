// CorruptionSweep: spoils every sector of a populated store, one at a time, and reads everything
// back.
//
// Allowed is the right content or an error. Wrong bytes, or an old content given as the present
// one, is a failure, with one exception that the format states (docs/internals/disk-format.md,
// "Known limit"): rot of the very last journal group looks like a write that was torn by the power
// cut. Those losses are counted apart.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::sim {

struct CorruptionSweepOptions {
  uint64_t seed = 1;
  /// True: the store was stopped cleanly; false: it lost power with records in its journal.
  bool clean = false;
  /// False: a drive whose completed writes are durable, where two journal groups may be in flight.
  bool volatile_cache = true;
  /// The unit that is spoiled: 512 or 4096.
  uint32_t sector_bytes = 4096;
  /// Every n-th sector only.
  uint32_t stride = 1;
};

struct CorruptionSweepReport {
  uint64_t sectors_spoiled = 0;
  uint64_t opens_refused = 0;  ///< The store said at recovery that it cannot be trusted.
  uint64_t reads_refused = 0;  ///< Reads that ended in an error.
  uint64_t unharmed =
      0;  ///< Spoiled sectors that nothing depended on, or that were repaired from their copies.
  uint64_t last_group_losses = 0;
  uint64_t wrong = 0;
  std::string first_problem;

  [[nodiscard]] bool ok() const { return wrong == 0; }
};

[[nodiscard]] CorruptionSweepReport run_corruption_sweep(const CorruptionSweepOptions& options);

}  // namespace cairn::sim
