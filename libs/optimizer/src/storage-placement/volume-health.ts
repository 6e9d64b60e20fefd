/**
 * The health of a volume, from the placement groups that its chunks live in.
 *
 *     offline     a group has no copy that answers: part of the volume stalls
 *     degraded    a group misses copies, and nobody makes them
 *     rebuilding  every group that misses copies is being filled
 *     healthy     all copies are there; copies on their way to another place change nothing
 */
import type { Volume } from '@cairn/contracts';
import {
  indexStores,
  liveCopies,
  type PgMap,
  type PgRecord,
  type StoreFact,
  type StoreId,
} from './model';
import { pgsOfVolume } from './pg-space';

export type VolumeHealthState = Exclude<Volume['status']['health'], 'unknown'>;

export interface VolumeHealth {
  readonly state: VolumeHealthState;
  /** The fewest copies that any part of it has. */
  readonly copiesMin: number;
  readonly groups: Readonly<Record<VolumeHealthState, number>>;
}

export interface VolumePlace {
  /** Lineage root. */
  readonly root: bigint;
  /** Length in chunks of 1 MiB, at least 1. */
  readonly chunkCount: number;
}

/** The health of each group of a map, for the health of many volumes. */
export function groupHealth(map: PgMap, stores: readonly StoreFact[]): readonly GroupHealth[] {
  const facts = indexStores(stores);
  return map.pgs.map((record) => {
    const copies = liveCopies(record, facts).length;
    return { copies, state: stateOf(record, copies, map.pool.replicas, facts) };
  });
}

export interface GroupHealth {
  readonly state: VolumeHealthState;
  readonly copies: number;
}

export function volumeHealth(volume: VolumePlace, groups: readonly GroupHealth[]): VolumeHealth {
  const count: Record<VolumeHealthState, number> = {
    offline: 0,
    degraded: 0,
    rebuilding: 0,
    healthy: 0,
  };
  let copiesMin = Number.POSITIVE_INFINITY;
  for (const pg of pgsOfVolume({ ...volume, pgCount: groups.length })) {
    const group = groups[pg] ?? { state: 'offline', copies: 0 };
    count[group.state] += 1;
    copiesMin = Math.min(copiesMin, group.copies);
  }
  const worstFirst = ['offline', 'degraded', 'rebuilding'] as const;
  return {
    state: worstFirst.find((state) => count[state] > 0) ?? 'healthy',
    copiesMin: Number.isFinite(copiesMin) ? copiesMin : 0,
    groups: count,
  };
}

function stateOf(
  record: PgRecord,
  copies: number,
  replicas: number,
  facts: ReadonlyMap<StoreId, StoreFact>,
): VolumeHealthState {
  if (copies === 0) return 'offline';
  if (copies >= replicas) return 'healthy';
  const isFilling = record.members.some(
    (member) =>
      member.state === 'joining' &&
      member.backfill === 'running' &&
      facts.get(member.store)?.alive === true,
  );
  return isFilling ? 'rebuilding' : 'degraded';
}
