/** How full stores may get, and how much a pool can hold. */
import { domainOf, type Pool, type StoreFact } from './model';

/** Above this a store takes no new copies, except of a PG that has one copy left. */
export const NEAR_FULL_RATIO = 0.85;
/** From here on the store refuses writes that need new pages, so not even the last copy goes there. */
export const FULL_RATIO = 0.95;
/** The part of a pool that is promised; the rest keeps stores below the near-full mark. */
const PROMISED_RATIO = 0.9;

/** Used share of the store; an empty device counts as full. */
export function fillRatio(store: StoreFact): number {
  return store.sizeBytes > 0 ? store.usedBytes / store.sizeBytes : 1;
}

/** It may take a copy that adds `bytes` to what it holds and what is on its way to it. */
export function hasRoom(store: StoreFact, demand: { bytes: number; lastCopy: boolean }): boolean {
  const filled = store.usedBytes + demand.bytes;
  return demand.lastCopy
    ? filled < FULL_RATIO * store.sizeBytes
    : filled <= NEAR_FULL_RATIO * store.sizeBytes;
}

export interface UsableCapacity {
  /** Sum of the stores that hold data. */
  readonly rawBytes: number;
  /** Kept free to restore all copies after the loss of the largest failure domain. */
  readonly reserveBytes: number;
  /** What volumes can hold in all. */
  readonly usableBytes: number;
}

/**
 * usable = (total − largest failure domain) / replicas × 0.9.
 *
 * Two exceptions keep the figure true. Where there are no more domains than copies, a lost domain
 * could not be rebuilt anyway, and nothing is reserved for it. And a domain takes one copy of a PG
 * at most, so one that is larger than all others together cannot be used in full.
 */
export function usableCapacity(pool: Pool, stores: readonly StoreFact[]): UsableCapacity {
  const sizes = domainSizes(pool, stores);
  const rawBytes = sizes.reduce((sum, size) => sum + size, 0);
  const reserveBytes = sizes.length > pool.replicas ? Math.max(0, ...sizes) : 0;
  const reserved = (rawBytes - reserveBytes) / pool.replicas;
  const distinct = largestDistinctFill(sizes, pool.replicas);
  return {
    rawBytes,
    reserveBytes,
    usableBytes: Math.floor(PROMISED_RATIO * Math.min(reserved, distinct)),
  };
}

function domainSizes(pool: Pool, stores: readonly StoreFact[]): number[] {
  const sizes = new Map<string, number>();
  for (const store of stores) {
    if (store.class !== pool.class || store.admin !== 'in' || store.weight <= 0) continue;
    const domain = domainOf(store, pool.failureDomain);
    sizes.set(domain, (sizes.get(domain) ?? 0) + store.sizeBytes);
  }
  return [...sizes.values()];
}

/**
 * The largest D of which `replicas` copies fit, each in another domain: whatever the k largest
 * domains are, they hold k copies at most, and the others must hold the rest.
 */
function largestDistinctFill(sizes: readonly number[], replicas: number): number {
  const descending = [...sizes].sort((a, b) => b - a);
  let others = descending.reduce((sum, size) => sum + size, 0);
  let fill = Number.POSITIVE_INFINITY;
  for (let largest = 0; largest < replicas; largest += 1) {
    fill = Math.min(fill, others / (replicas - largest));
    others -= descending[largest] ?? 0;
  }
  return fill;
}
