/**
 * The facts that placement decides from, as etcd holds them, and the words it uses.
 *
 * A pool is divided into placement groups (PGs). The record of a PG lists its members, at most four:
 *
 *     inSync    holds every acknowledged write; counts as a copy
 *     joining   receives every write; what it lacks is being copied to it, or will be (`deferred`)
 *     out       listed, but behind; it may come back by copying only what it missed
 *
 * Who makes a member what: writers, or the conductor, take a dead one out; the conductor adds and
 * removes; the PG's steward alone turns joining into inSync, when the digests agree.
 */

/** Number of a store in the cluster: an unsigned 32-bit integer, never 0, never used again. */
export type StoreId = number;

export type StoreClass = 'nvme' | 'ssd' | 'hybrid' | 'hdd';

/** What may fail as one, from small to large. */
export const domainLevels = ['store', 'node', 'chassis', 'rack'] as const;
export type DomainLevel = (typeof domainLevels)[number];

export interface StoreFact {
  readonly id: StoreId;
  readonly node: string;
  /** Null where the operator named none: the node is then a chassis of its own. */
  readonly chassis: string | null;
  /** Null where the operator named none: the chassis is then a rack of its own. */
  readonly rack: string | null;
  readonly class: StoreClass;
  readonly sizeBytes: number;
  readonly usedBytes: number;
  /** Its share of the data relative to the others, by default its size in TiB; 0 takes nothing. */
  readonly weight: number;
  /** in: holds data. draining: is being emptied. out: holds nothing, or what it holds is given up. */
  readonly admin: 'in' | 'draining' | 'out';
  /** It answers. A store without space answers: that suspends writes and is not a failure. */
  readonly alive: boolean;
  /** Since when it does not answer; null while it does. Any clock, the same as `nowMs`. */
  readonly downSinceMs: number | null;
  /** It was stopped on purpose, such as for a reboot, and is likely to be back soon. */
  readonly stoppedClean: boolean;
}

export interface Pool {
  readonly id: number;
  /** A power of two. */
  readonly pgCount: number;
  /** Copies of each PG, 1 to `REPLICAS_MAX`. */
  readonly replicas: number;
  readonly class: StoreClass;
  /** No two copies of a PG are placed in one domain of this level. */
  readonly failureDomain: DomainLevel;
}

export type PgMember =
  | { readonly store: StoreId; readonly state: 'inSync' | 'out' }
  | {
      readonly store: StoreId;
      readonly state: 'joining';
      /** running: it is being filled. deferred: it takes only what is written from now on. */
      readonly backfill: 'running' | 'deferred';
    };

export interface PgRecord {
  /** Grows by one with each change of the record. */
  readonly epoch: number;
  readonly members: readonly PgMember[];
}

export interface PgMap {
  readonly pool: Pool;
  /** One record per PG, `pool.pgCount` of them. */
  readonly pgs: readonly PgRecord[];
}

/** Per PG the stores that should hold it: at most `pool.replicas`, fewer where domains are short. */
export type PgTarget = readonly (readonly StoreId[])[];

/** A record has room for this many members, so a PG with three copies moves one at a time. */
export const MEMBERS_MAX = 4;
export const REPLICAS_MAX = MEMBERS_MAX - 1;

/** How long a store that went away stays listed before its copies are given up. */
export const RETURN_GRACE_MS = 15 * 60_000;

/** The name of the failure domain of a store at a level; unlike at another level or of another kind. */
export function domainOf(store: StoreFact, level: DomainLevel): string {
  switch (level) {
    case 'store':
      return `store:${store.id}`;
    case 'node':
      return `node:${store.node}`;
    case 'chassis':
      return store.chassis === null ? domainOf(store, 'node') : `chassis:${store.chassis}`;
    case 'rack':
      return store.rack === null ? domainOf(store, 'chassis') : `rack:${store.rack}`;
  }
}

/** It may hold copies for good: right class, not on its way out, and it answers. */
export function isUsable(store: StoreFact, pool: Pool): boolean {
  return store.class === pool.class && store.admin === 'in' && store.alive && store.weight > 0;
}

/** It does not answer, but not for long enough to give it up. */
export function isExpectedBack(store: StoreFact, nowMs: number): boolean {
  if (store.alive || store.admin !== 'in' || store.downSinceMs === null) return false;
  return nowMs - store.downSinceMs < RETURN_GRACE_MS;
}

export function memberOf(record: PgRecord, store: StoreId): PgMember | undefined {
  return record.members.find((member) => member.store === store);
}

export function indexStores(stores: readonly StoreFact[]): ReadonlyMap<StoreId, StoreFact> {
  return new Map(stores.map((store) => [store.id, store]));
}

/** The members that hold every acknowledged write and answer: the copies that count. */
export function liveCopies(
  record: PgRecord,
  stores: ReadonlyMap<StoreId, StoreFact>,
): readonly StoreFact[] {
  return record.members.flatMap(({ store, state }) => {
    const fact = state === 'inSync' ? stores.get(store) : undefined;
    return fact?.alive === true ? [fact] : [];
  });
}
