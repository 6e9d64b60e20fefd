// Cluster: the life of a simulated cluster, from its birth through faults to the last check.
//
// Some nodes with a drive or two, volumes with two or three copies, one guest per volume that
// reads, writes and trims. Faults are drawn by the seed, each life from its own selection of kinds;
// every byte read is judged. Then everything is healed, and within a bounded time all copies must
// be in sync and equal, and after the deletion of all volumes nothing may stay allocated. A life is
// decided by its seed alone: one seed is one line to replay.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cairn::sim {

enum class ClusterFault : uint8_t {
  process_crash,
  power_loss,
  pause,
  partition,  ///< Of a node from all others, or of two nodes, both ways or one way.
  connection_break,
  outage,       ///< The coordinator serves nobody, or a node cannot reach it.
  drive_error,  ///< A store meets an error that ends it, and is opened again later.
  reformat,     ///< A drive is replaced by a blank one.
  bit_rot,      ///< Bits flip in the data of one store.
  drive_full,   ///< Drives that cannot hold all volumes: changes wait for space.
  failover,     ///< Another node takes the volume; the old writer goes on as a zombie.
  handover,
  close,
  delete_volume,
};
inline constexpr size_t kClusterFaults = 14;
[[nodiscard]] std::string_view to_string(ClusterFault fault);

struct ClusterOptions {
  uint64_t seed = 1;
  /// One bit per ClusterFault that may be drawn.
  uint32_t faults = ~uint32_t{0};
  /// Tells on stderr what happens when.
  bool trace = false;
};

struct ClusterReport {
  uint64_t lives = 0;
  std::array<uint64_t, kClusterFaults> faults{};
  uint64_t opens = 0, opens_failed = 0, decided = 0;
  uint64_t writes_acknowledged = 0, reads = 0, sectors_checked = 0;
  uint64_t changes_in_doubt = 0, acknowledged_late = 0, zombie_requests = 0;
  uint64_t evictions = 0, groups_joined = 0, chunks_copied = 0, reads_repaired = 0;
  uint64_t messages = 0, steps = 0;
  uint64_t virtual_ns = 0;
  // Violations.
  uint64_t lost_writes = 0;
  uint64_t wrong_reads = 0;
  /// Acknowledged by a writer that had been replaced, though it was seen not to have happened.
  uint64_t zombie_writes = 0;
  /// Copies that differ, space that never came back, requests or joins that never ended, errors
  /// without a fault.
  uint64_t failures = 0;
  /// The first thing that went wrong, for people.
  std::string first_problem;

  [[nodiscard]] bool ok() const {
    return lost_writes == 0 && wrong_reads == 0 && zombie_writes == 0 && failures == 0;
  }
  void add(const ClusterReport& other);
};

/// Lives one life. Deterministic.
[[nodiscard]] ClusterReport run_cluster(const ClusterOptions& options);

}  // namespace cairn::sim
