#include "sim/power_cuts.h"

namespace cairn::sim {

void PowerCutReport::add(const PowerCutReport& other) {
  cuts += other.cuts;
  recoveries += other.recoveries;
  checkpoints_spoiled += other.checkpoints_spoiled;
  segments_cleaned += other.segments_cleaned;
  writes_acknowledged += other.writes_acknowledged;
  rebases_acknowledged += other.rebases_acknowledged;
  sectors_checked += other.sectors_checked;
  lost_writes += other.lost_writes;
  wrong_reads += other.wrong_reads;
  failures += other.failures;
  virtual_ns += other.virtual_ns;
  if (first_problem.empty()) first_problem = other.first_problem;
}

}  // namespace cairn::sim
