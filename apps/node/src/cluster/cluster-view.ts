// The cluster as one resource: sums over nodes, drives, volumes and VMs, and a sentence about its
// health. Pure.
import type { Cluster, Condition } from '@cairn/contracts';
import type { ClusterRow, NodeRow, VmRow, VolumeRow } from '@cairn/persistence';
import { hasProcess, type VmStatus } from '@cairn/vm-runtime';
import type { NodeMemory } from '../nodes/node-facts';
import type { StorageSnapshot } from '../volumes/storage-facts';

export interface ClusterFacts {
  readonly cluster: ClusterRow;
  readonly version: string;
  readonly nodes: readonly NodeRow[];
  readonly vms: readonly VmRow[];
  readonly volumes: readonly VolumeRow[];
  readonly running: readonly VmStatus[];
  /** Null: the storage service does not answer. */
  readonly storage: StorageSnapshot | null;
  readonly quorum: boolean;
  readonly threads: number;
  readonly memory: NodeMemory;
  readonly cpuUsedRatio: number | null;
  readonly since: string;
}

function capacityOf({ storage, volumes }: ClusterFacts): Cluster['capacity'] {
  const drives = storage?.drives.items ?? [];
  const serving = drives.filter((drive) => drive.state === 'in');
  const sum = (pick: (drive: (typeof drives)[number]) => number): number =>
    serving.reduce((total, drive) => total + pick(drive), 0);
  return {
    rawBytes: drives.reduce((total, drive) => total + drive.sizeBytes, 0),
    usableBytes: sum((drive) => (drive.usedBytes ?? 0) + (drive.freeBytes ?? 0)),
    usedBytes: sum((drive) => drive.usedBytes ?? 0),
    committedBytes: volumes.reduce((total, volume) => total + volume.sizeBytes, 0),
    runwayDays: null,
  };
}

function computeOf(facts: ClusterFacts): Cluster['compute'] {
  const wanted = facts.vms.filter((vm) => vm.desiredPowerState !== 'stopped');
  const { memory } = facts;
  return {
    threadsTotal: facts.threads,
    vcpusCommitted: wanted.reduce((total, vm) => total + vm.vcpus, 0),
    cpuUsedRatio: facts.cpuUsedRatio,
    memoryTotalBytes: memory.totalBytes,
    memoryUsedBytes: memory.totalBytes - memory.availableBytes,
    memoryCommittedBytes: wanted.reduce((total, vm) => total + vm.memoryBytes, 0),
  };
}

function conditionsOf(facts: ClusterFacts): Condition[] {
  const { since } = facts;
  const bad = (type: string, reason: string, message: string): Condition => ({
    type,
    status: 'false',
    reason,
    message,
    since,
  });
  const conditions: Condition[] = [];
  if (!facts.quorum) {
    conditions.push(bad('Quorum', 'NoAnswer', 'etcd does not answer: nothing can be changed.'));
  }
  if (facts.storage === null) {
    const message = 'The storage service does not answer: disks of VMs may stall.';
    conditions.push(bad('StorageReachable', 'NoAnswer', message));
  }
  const failed = facts.storage?.drives.items.filter((drive) => drive.state !== 'in') ?? [];
  if (failed.length > 0) {
    const paths = failed.map((drive) => drive.path).join(', ');
    conditions.push(bad('DrivesServing', 'Failed', `Drives do not serve: ${paths}.`));
  }
  if (facts.storage?.drives.items.length === 0) {
    conditions.push(bad('PoolUsable', 'NoDrive', 'The pool has no drive yet; add one.'));
  }
  const capacity = capacityOf(facts);
  if (capacity.usableBytes > 0 && capacity.usedBytes / capacity.usableBytes > 0.8) {
    conditions.push(bad('PoolHasRoom', 'NearFull', 'The pool is more than 80 % full.'));
  }
  return conditions;
}

const CRITICAL = new Set(['Quorum', 'StorageReachable', 'DrivesServing']);

function stateOf(conditions: readonly Condition[]): Cluster['status']['state'] {
  if (conditions.some(({ type }) => CRITICAL.has(type))) return 'critical';
  return conditions.length > 0 ? 'degraded' : 'healthy';
}

export function clusterViewOf(facts: ClusterFacts): Cluster {
  const { cluster } = facts;
  const conditions = conditionsOf(facts);
  const running = facts.running.filter(({ state }) => hasProcess(state)).length;
  return {
    id: cluster.id,
    createdAt: cluster.createdAt.toISOString(),
    updatedAt: cluster.updatedAt.toISOString(),
    revision: cluster.revision,
    name: cluster.name,
    version: facts.version,
    nodesTotal: Math.max(1, facts.nodes.length),
    nodesOnline: 1,
    quorum: facts.quorum,
    failureBudget: {
      nodes: 0,
      drives: 0,
      limitingFactor: 'A single node keeps one copy of each volume.',
    },
    capacity: capacityOf(facts),
    compute: computeOf(facts),
    vmsTotal: facts.vms.length,
    vmsRunning: running,
    status: {
      state: stateOf(conditions),
      summary:
        conditions[0]?.message ?? `All parts answer; ${running} of ${facts.vms.length} VMs run.`,
      conditions,
    },
  };
}
