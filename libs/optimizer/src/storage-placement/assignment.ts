/**
 * A target under construction: which stores each PG has, with the counts that balancing works on.
 * Mutable, and private to the computation of one target. Stores are indices into the topology.
 *
 * Invariant: no two stores of a PG are in one failure domain.
 */
import { MEMBERS_MAX, type PgMap, type PgTarget } from './model';
import type { U64 } from './mix64';
import { pgSeed, type Topology, type TopologyStore } from './topology';

const NONE = -1;

export class Assignment {
  /** Copies that each store would hold. */
  readonly counts: Int32Array;
  private readonly width: number;
  private readonly slots: Int32Array;
  /** Stores named in the PG's record, in whatever state. */
  private readonly listed: Int32Array;
  private readonly pgsByStore: number[][];
  private readonly seeds: readonly U64[];

  constructor(
    readonly topology: Topology,
    map: PgMap,
  ) {
    const { pgCount, replicas } = topology.pool;
    this.width = replicas;
    this.counts = new Int32Array(topology.stores.length);
    this.slots = new Int32Array(pgCount * replicas).fill(NONE);
    this.listed = new Int32Array(pgCount * MEMBERS_MAX).fill(NONE);
    this.pgsByStore = topology.stores.map(() => []);
    this.seeds = Array.from({ length: pgCount }, (_, pg) => pgSeed(topology.pool, pg));
    for (const [pg, { members }] of map.pgs.entries()) {
      for (const [at, { store }] of members.entries()) {
        this.listed[pg * MEMBERS_MAX + at] = topology.indexOf.get(store) ?? NONE;
      }
    }
  }

  storesOf(pg: number): number[] {
    const stores: number[] = [];
    for (let at = pg * this.width; at < (pg + 1) * this.width; at += 1) {
      const store = this.slots[at] ?? NONE;
      if (store !== NONE) stores.push(store);
    }
    return stores;
  }

  pgsOf(store: number): readonly number[] {
    return this.pgsByStore[store] ?? [];
  }

  /** The record of the PG names the store. */
  isListed(pg: number, store: number): boolean {
    const from = pg * MEMBERS_MAX;
    for (let at = from; at < from + MEMBERS_MAX; at += 1) {
      if (this.listed[at] === store) return true;
    }
    return false;
  }

  /** The PG has a store in the domain of `store`, `except` aside. */
  occupies(pg: number, store: number, except = NONE): boolean {
    const domain = this.store(store).domain;
    for (let at = pg * this.width; at < (pg + 1) * this.width; at += 1) {
      const other = this.slots[at] ?? NONE;
      if (other !== NONE && other !== except && this.store(other).domain === domain) return true;
    }
    return false;
  }

  /** False when the PG has all its stores already, or one in the same domain. */
  add(pg: number, store: number): boolean {
    if (this.occupies(pg, store)) return false;
    return this.replace(pg, NONE, store);
  }

  move(pg: number, from: number, to: number): void {
    this.replace(pg, from, to);
    const pgs = this.pgsByStore[from] ?? [];
    const last = pgs.pop();
    if (last !== undefined && last !== pg) pgs[pgs.indexOf(pg)] = last;
    this.counts[from] = (this.counts[from] ?? 0) - 1;
  }

  /** The seed of the straws of a PG. */
  seedOf(pg: number): U64 {
    return this.seeds[pg] ?? pgSeed(this.topology.pool, pg);
  }

  /** Copies above the fair share; negative for a store that should have more. */
  excess(store: number): number {
    return (this.counts[store] ?? 0) - this.store(store).share;
  }

  store(index: number): TopologyStore {
    const store = this.topology.stores[index];
    if (store === undefined) throw new RangeError(`no store with index ${index}`);
    return store;
  }

  toTarget(): PgTarget {
    return Array.from({ length: this.topology.pool.pgCount }, (_, pg) =>
      // By id: the order says nothing, and equal targets look equal.
      this.storesOf(pg)
        .sort((a, b) => a - b)
        .map((index) => this.store(index).fact.id),
    );
  }

  private replace(pg: number, from: number, to: number): boolean {
    const first = pg * this.width;
    const at = this.slots.subarray(first, first + this.width).indexOf(from);
    if (at < 0) return false;
    this.slots[first + at] = to;
    this.counts[to] = (this.counts[to] ?? 0) + 1;
    this.pgsByStore[to]?.push(pg);
    return true;
  }
}
