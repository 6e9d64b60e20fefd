/**
 * The conductor at work on a cluster in which things happen: it plans, its steps are carried out one
 * by one, joiners that are filled get in sync, and every step is checked against what must hold.
 */
import { expect } from 'vitest';
import {
  domainOf,
  type DomainLevel,
  indexStores,
  isUsable,
  liveCopies,
  memberOf,
  type PgMap,
  type PgRecord,
  type PgTarget,
  type Pool,
  type StoreFact,
} from '../model';
import { splitPgs } from '../pg-space';
import { applyStep, type PlacementStep } from '../steps';
import { computeTarget } from '../target';
import { buildTopology } from '../topology';
import {
  DEFAULT_TRANSITION_LIMITS,
  planTransitions,
  type TransitionLimits,
  type TransitionPlan,
} from '../transitions';
import { copiesPerStore, storeFact, TIB } from './cluster';

interface StoreEvent {
  readonly kind: 'drain' | 'giveUp' | 'die' | 'reboot' | 'return' | 'reweigh' | 'dieWithNode';
  readonly pick: number;
}

export type ClusterEvent =
  | { readonly kind: 'addNode'; readonly stores: number }
  | { readonly kind: 'failureDomain'; readonly level: DomainLevel }
  | { readonly kind: 'split' }
  | StoreEvent;

const TICK_MS = 60_000;
const GROUPS_MAX = 1024;

export class ConductorSimulation {
  nowMs = 0;
  /** Steps done so far, by kind. */
  readonly done = new Map<PlacementStep['kind'], number>();
  private pool: Pool;
  private pgs: PgRecord[];
  private target: PgTarget | undefined;

  constructor(
    map: PgMap,
    public stores: readonly StoreFact[],
    private readonly options: {
      readonly limits?: TransitionLimits;
      /** Forgets its target at each turn, like a new leader. */
      readonly forgetful?: boolean;
      /** One of so many filled joiners gets in sync per turn. */
      readonly promoteOneOf?: number;
    } = {},
  ) {
    this.pgs = [...map.pgs];
    this.pool = map.pool;
  }

  get map(): PgMap {
    return { pool: this.pool, pgs: this.pgs };
  }

  /** One turn: plan, act, and let joiners get on. False when there was nothing to do. */
  turn(): boolean {
    this.nowMs += TICK_MS;
    const before = this.filling();
    const plan = this.plan();
    for (const step of plan.steps) this.carryOut(step);
    this.checkLimits(before);
    return this.promote() || plan.steps.length > 0;
  }

  plan(): TransitionPlan {
    const previous = this.options.forgetful === true ? undefined : this.target;
    this.target ??= computeTarget({ map: this.map, stores: this.stores, previous }).target;
    if (this.options.forgetful === true) {
      this.target = computeTarget({ map: this.map, stores: this.stores }).target;
    }
    const { map, target, stores, nowMs } = this;
    return planTransitions({ map, target, stores, nowMs, limits: this.limits });
  }

  happens(event: ClusterEvent): void {
    switch (event.kind) {
      case 'addNode':
        this.addNode(event.stores);
        break;
      case 'failureDomain':
        this.pool = { ...this.pool, failureDomain: event.level };
        break;
      case 'split':
        this.split();
        break;
      default: {
        const picked = this.stores[event.pick % Math.max(1, this.stores.length)];
        if (picked === undefined) return;
        this.stores = this.stores.map((store) => this.changed(store, picked, event.kind));
      }
    }
    const previous = this.target;
    this.target = computeTarget({ map: this.map, stores: this.stores, previous }).target;
  }

  /** Everything that went away comes back, with its data. */
  allReturn(): void {
    this.stores = this.stores.map((store) => ({ ...store, alive: true, downSinceMs: null }));
    const { map, stores, target: previous } = this;
    this.target = computeTarget({ map, stores, previous }).target;
  }

  get hasOfflineGroup(): boolean {
    const facts = indexStores(this.stores);
    return this.map.pgs.some((record) => liveCopies(record, facts).length === 0);
  }

  /** Turns until nothing happens any more for longer than the grace of an absent store. */
  settle(turnsMax: number): void {
    let quiet = 0;
    for (let turn = 0; turn < turnsMax; turn += 1) {
      quiet = this.turn() ? 0 : quiet + 1;
      if (quiet > 16) return;
    }
    throw new Error(`it is not quiet after ${turnsMax} turns`);
  }

  /** What a cluster that has come to rest looks like. */
  checkSettled(): void {
    const { pool } = this.map;
    const facts = indexStores(this.stores);
    const usable = this.stores.filter((store) => isUsable(store, pool));
    const domains = new Set(usable.map((store) => domainOf(store, pool.failureDomain)));
    const copiesPossible = Math.min(pool.replicas, domains.size);
    const wrong = this.map.pgs.filter((record) => {
      const copies = liveCopies(record, facts);
      const isMoving = record.members.some(({ state }) => state === 'joining');
      if (copies.length < copiesPossible || isMoving) return true;
      if (domains.size < pool.replicas) return false;
      const names = copies.map((store) => domainOf(store, pool.failureDomain));
      const isApart = new Set(names).size === names.length;
      const isExact = copies.length === pool.replicas;
      return !isApart || !isExact || !copies.every((store) => isUsable(store, pool));
    });
    expect(wrong).toEqual([]);
    if (domains.size >= pool.replicas) this.checkBalanced();
  }

  private checkBalanced(): void {
    const counts = copiesPerStore(this.map);
    for (const { fact, usable, share } of buildTopology(this.map.pool, this.stores).stores) {
      if (usable) expect(Math.abs((counts.get(fact.id) ?? 0) - share)).toBeLessThan(1 + 1e-6);
    }
  }

  private get limits(): TransitionLimits {
    return this.options.limits ?? DEFAULT_TRANSITION_LIMITS;
  }

  private addNode(count: number): void {
    const first = Math.max(0, ...this.stores.map(({ id }) => id)) + 1;
    const added = Array.from({ length: count }, (_, index) =>
      storeFact({ id: first + index, node: `added${first}`, sizeBytes: TIB }),
    );
    this.stores = [...this.stores, ...added];
  }

  private split(): void {
    const halves = this.pool.pgCount <= GROUPS_MAX / 2 ? splitPgs(this.map) : undefined;
    if (halves === undefined) return;
    this.pool = halves.pool;
    this.pgs = [...halves.pgs];
  }

  private changed(store: StoreFact, picked: StoreFact, kind: StoreEvent['kind']): StoreFact {
    const isPicked = store.id === picked.id;
    const gone = { alive: false, downSinceMs: this.nowMs };
    switch (kind) {
      case 'drain':
        return isPicked ? { ...store, admin: 'draining' } : store;
      case 'giveUp':
        return isPicked ? { ...store, admin: 'out' } : store;
      case 'die':
        return isPicked && store.alive ? { ...store, ...gone, stoppedClean: false } : store;
      case 'reboot':
        return isPicked && store.alive ? { ...store, ...gone, stoppedClean: true } : store;
      case 'dieWithNode':
        return store.node === picked.node && store.alive
          ? { ...store, ...gone, stoppedClean: false }
          : store;
      case 'return':
        return isPicked ? { ...store, alive: true, downSinceMs: null } : store;
      case 'reweigh':
        return isPicked ? { ...store, weight: store.weight === 1 ? 3 : 1 } : store;
    }
  }

  private carryOut(step: PlacementStep): void {
    const before = this.map.pgs[step.pg];
    if (before === undefined) throw new RangeError(`there is no group ${step.pg}`);
    const after = applyStep(before, step);
    const facts = indexStores(this.stores);
    const { replicas, failureDomain } = this.pool;
    const had = liveCopies(before, facts);
    const has = liveCopies(after, facts);
    expect(has.length).toBeGreaterThanOrEqual(Math.min(had.length, replicas));
    expect(has.length).toBeGreaterThan(0);
    const domains = (copies: readonly StoreFact[]) =>
      new Set(copies.map((store) => domainOf(store, failureDomain))).size;
    expect(domains(has)).toBeGreaterThanOrEqual(Math.min(domains(had), replicas));
    if (step.kind === 'evict') expect(facts.get(step.store)?.alive).not.toBe(true);
    this.replace(step.pg, after);
    this.done.set(step.kind, (this.done.get(step.kind) ?? 0) + 1);
  }

  /** No more is filled than the limits allow, or than was filled before (a split doubles it). */
  private checkLimits(before: ReadonlyMap<string, number>): void {
    const { backfillsPerStoreMax, backfillsPerNodeMax } = this.limits;
    const beyond = [...this.filling()].filter(([name, count]) => {
      const limit = name.startsWith('store') ? backfillsPerStoreMax : backfillsPerNodeMax;
      return count > Math.max(limit, before.get(name) ?? 0);
    });
    expect(beyond).toEqual([]);
  }

  /** Joiners being filled per store and per node. */
  private filling(): ReadonlyMap<string, number> {
    const counts = new Map<string, number>();
    const facts = indexStores(this.stores);
    for (const member of this.pgs.flatMap(({ members }) => members)) {
      const fact = facts.get(member.store);
      if (fact?.alive !== true || member.state !== 'joining') continue;
      if (member.backfill === 'deferred') continue;
      for (const level of ['store', 'node'] as const) {
        const name = domainOf(fact, level);
        counts.set(name, (counts.get(name) ?? 0) + 1);
      }
    }
    return counts;
  }

  /** What stewards do: a filled joiner is in sync. True when there was one to fill. */
  private promote(): boolean {
    const facts = indexStores(this.stores);
    let seen = 0;
    for (const [pg, record] of this.map.pgs.entries()) {
      if (liveCopies(record, facts).length === 0) continue;
      for (const member of record.members) {
        if (member.state !== 'joining' || member.backfill !== 'running') continue;
        if (facts.get(member.store)?.alive !== true) continue;
        seen += 1;
        if ((seen + this.nowMs / TICK_MS) % (this.options.promoteOneOf ?? 1) !== 0) continue;
        const current = this.map.pgs[pg] ?? record;
        const members = current.members.map((other) =>
          other === memberOf(current, member.store)
            ? { store: other.store, state: 'inSync' as const }
            : other,
        );
        this.replace(pg, { epoch: current.epoch + 1, members });
      }
    }
    return seen > 0;
  }

  private replace(pg: number, record: PgRecord): void {
    this.pgs[pg] = record;
  }
}
