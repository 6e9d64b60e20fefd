/**
 * The space of placement groups (PGs) of a pool: how many there are, which one a chunk belongs to,
 * and how the space doubles. The engine computes `pgOf` in C++; both follow `test-vectors.json`.
 */
import { mix64, u64Of } from './mix64';
import type { PgMap } from './model';

/** A shard key in etcd holds 64 PGs; the design ends at 512 shards per pool, with room to double. */
export const PG_COUNT_MIN = 64;
export const PG_COUNT_MAX = 65_536;

/** The fewest PG replicas that a store should hold, where the bounds allow: fewer spread badly. */
const REPLICAS_PER_STORE_MIN = 100;

/**
 * The smallest power of two that gives each store at least 100 PG replicas, and so fewer than 200.
 * A space never shrinks: a pool keeps what it has when stores leave.
 */
export function choosePgCount(pool: {
  readonly stores: number;
  readonly replicas: number;
}): number {
  const wanted = (REPLICAS_PER_STORE_MIN * pool.stores) / pool.replicas;
  let pgCount = PG_COUNT_MIN;
  while (pgCount < wanted && pgCount < PG_COUNT_MAX) pgCount *= 2;
  return pgCount;
}

/** Where a chunk lives. `root` is the lineage root: clones share the PGs of their origin. */
export interface ChunkPlace {
  /** The id of the volume at the root of the lineage, an unsigned 64-bit integer. */
  readonly root: bigint;
  /** Index of the 1 MiB chunk in the volume, an unsigned 32-bit integer. */
  readonly chunk: number;
  /** A power of two. */
  readonly pgCount: number;
}

/** `(mix64(root) + chunk) mod pgCount`: neighbouring chunks visit neighbouring PGs. */
export function pgOf({ root, chunk, pgCount }: ChunkPlace): number {
  return ((mix64(u64Of(root)).lo + chunk) & (pgCount - 1)) >>> 0;
}

/** The PGs that the first `chunkCount` chunks of a volume live in, each once. */
export function pgsOfVolume(volume: {
  readonly root: bigint;
  readonly chunkCount: number;
  readonly pgCount: number;
}): number[] {
  const { root, chunkCount, pgCount } = volume;
  const first = pgOf({ root, chunk: 0, pgCount });
  const length = Math.min(chunkCount, pgCount);
  return Array.from({ length }, (_, chunk) => (first + chunk) & (pgCount - 1));
}

/**
 * Doubles the space: the chunks of PG p stay in p or go to p + n, which has the same members in the
 * same states, so no byte moves. `undefined` when the space is at its limit.
 */
export function splitPgs(map: PgMap): PgMap | undefined {
  const pgCount = map.pool.pgCount * 2;
  if (pgCount > PG_COUNT_MAX) return undefined;
  return { pool: { ...map.pool, pgCount }, pgs: [...map.pgs, ...map.pgs] };
}
