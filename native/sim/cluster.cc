#include "sim/cluster.h"

#include "base/assert.h"
#include "sim/cluster_run.h"

namespace cairn::sim {

std::string_view to_string(ClusterFault fault) {
  switch (fault) {
    case ClusterFault::process_crash:
      return "processCrash";
    case ClusterFault::power_loss:
      return "powerLoss";
    case ClusterFault::pause:
      return "pause";
    case ClusterFault::partition:
      return "partition";
    case ClusterFault::connection_break:
      return "connectionBreak";
    case ClusterFault::outage:
      return "outage";
    case ClusterFault::drive_error:
      return "driveError";
    case ClusterFault::reformat:
      return "reformat";
    case ClusterFault::bit_rot:
      return "bitRot";
    case ClusterFault::drive_full:
      return "driveFull";
    case ClusterFault::failover:
      return "failover";
    case ClusterFault::handover:
      return "handover";
    case ClusterFault::close:
      return "close";
    case ClusterFault::delete_volume:
      return "deleteVolume";
  }
  CAIRN_ASSERT(false);
  return {};
}

void ClusterReport::add(const ClusterReport& other) {
  lives += other.lives;
  for (size_t i = 0; i < kClusterFaults; ++i) faults[i] += other.faults[i];
  opens += other.opens;
  opens_failed += other.opens_failed;
  decided += other.decided;
  writes_acknowledged += other.writes_acknowledged;
  reads += other.reads;
  sectors_checked += other.sectors_checked;
  changes_in_doubt += other.changes_in_doubt;
  acknowledged_late += other.acknowledged_late;
  zombie_requests += other.zombie_requests;
  evictions += other.evictions;
  groups_joined += other.groups_joined;
  chunks_copied += other.chunks_copied;
  reads_repaired += other.reads_repaired;
  messages += other.messages;
  steps += other.steps;
  virtual_ns += other.virtual_ns;
  lost_writes += other.lost_writes;
  wrong_reads += other.wrong_reads;
  zombie_writes += other.zombie_writes;
  failures += other.failures;
  if (first_problem.empty()) first_problem = other.first_problem;
}

ClusterReport run_cluster(const ClusterOptions& options) { return ClusterRun(options).run(); }

}  // namespace cairn::sim
