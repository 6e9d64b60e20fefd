/** Pure decisions of Cairn: state in, a plan with its reasons out. No clock, no I/O, no randomness. */
export * from './storage-placement/model';
export { mix64, u64Of } from './storage-placement/mix64';
export type { U64 } from './storage-placement/mix64';
export {
  choosePgCount,
  PG_COUNT_MAX,
  PG_COUNT_MIN,
  pgOf,
  pgsOfVolume,
  splitPgs,
} from './storage-placement/pg-space';
export type { ChunkPlace } from './storage-placement/pg-space';
export { buildTopology, placePg } from './storage-placement/topology';
export type { Topology, TopologyDomain, TopologyStore } from './storage-placement/topology';
export { computeTarget, createPgMap } from './storage-placement/target';
export type { TargetInput, TargetResult } from './storage-placement/target';
export {
  fillRatio,
  FULL_RATIO,
  NEAR_FULL_RATIO,
  usableCapacity,
} from './storage-placement/capacity';
export type { UsableCapacity } from './storage-placement/capacity';
export { applyStep, joinReasons } from './storage-placement/steps';
export type { JoinReason, PlacementStep } from './storage-placement/steps';
export {
  DEFAULT_TRANSITION_LIMITS,
  planTransitions,
  waitReasons,
} from './storage-placement/transitions';
export type {
  TransitionInput,
  TransitionLimits,
  TransitionPlan,
  WaitReason,
} from './storage-placement/transitions';
export { failureBudget, levelBudget } from './storage-placement/failure-budget';
export type { FailureBudget, LevelBudget } from './storage-placement/failure-budget';
export { groupHealth, volumeHealth } from './storage-placement/volume-health';
export type {
  GroupHealth,
  VolumeHealth,
  VolumeHealthState,
  VolumePlace,
} from './storage-placement/volume-health';
export { rebuildEta } from './storage-placement/rebuild-eta';
export type { Estimate, RebuildLane } from './storage-placement/rebuild-eta';
export { dryRun } from './storage-placement/dry-run';
export type {
  CopyRates,
  DryRun,
  DryRunInput,
  HardwareChange,
  Leaving,
  PlacementBlocker,
  PlacementMove,
} from './storage-placement/dry-run';
