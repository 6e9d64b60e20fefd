// PowerCuts: lives of one store on one simulated drive, each ended by a power cut at a random
// request to the drive.
//
// A run formats a drive and lives on it: recover, check every byte of every volume against the
// model, work at random, lose power (sometimes during recovery or a clean stop), again. After the
// last cut everything is deleted and the space must be back. A run is decided by its seed alone:
// one seed is one line to replay.
#pragma once

#include <cstdint>
#include <string>

namespace cairn::sim {

struct PowerCutOptions {
  uint64_t seed = 1;
  /// Power cuts on this drive.
  uint32_t cuts = 20;
  /// A drive that acknowledges flushes and forgets them: losses are expected. Proves that the
  /// checker sees them.
  bool lying_flush = false;
  /// A volume beside the others is changed as a replica is, with rebases (power_cuts_chunks.h).
  bool rebases = true;
};

struct PowerCutReport {
  uint64_t cuts = 0;
  uint64_t recoveries = 0;
  /// Times the newest checkpoint was spoiled, so that recovery had to use the older one.
  uint64_t checkpoints_spoiled = 0;
  uint64_t segments_cleaned = 0;
  uint64_t writes_acknowledged = 0;
  uint64_t rebases_acknowledged = 0;
  uint64_t sectors_checked = 0;
  uint64_t lost_writes = 0;
  uint64_t wrong_reads = 0;
  /// Recoveries that failed, reads that failed without a fault, space that never came back,
  /// requests that never ended.
  uint64_t failures = 0;
  uint64_t virtual_ns = 0;
  /// The first thing that went wrong, for people.
  std::string first_problem;

  [[nodiscard]] bool ok() const { return lost_writes == 0 && wrong_reads == 0 && failures == 0; }
  void add(const PowerCutReport& other);
};

/// Runs one drive from format to the last check. Deterministic.
[[nodiscard]] PowerCutReport run_power_cuts(const PowerCutOptions& options);

}  // namespace cairn::sim
