/**
 * The conductor at work on a cluster in which things happen: it plans, its steps are carried out one
 * by one, joiners that are filled get in sync, and every step is checked against what must hold.
 */
import { expect } from 'vitest';
import {
  domainOf,
  indexStores,
  isUsable,
  liveCopies,
  memberOf,
  type PgMap,
  type PgRecord,
  type PgTarget,
  type StoreFact,
} from '../model';
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

export type ClusterEvent =
  | { readonly kind: 'addNode'; readonly stores: number }
  | {
      readonly kind: 'drain' | 'giveUp' | 'die' | 'reboot' | 'return' | 'reweigh' | 'dieWithNode';
      readonly pick: number;
    };

const TICK_MS = 60_000;

export class ConductorSimulation {
  nowMs = 0;
  /** Steps done so far, by kind. */
  readonly done = new Map<PlacementStep['kind'], number>();
  readonly map: PgMap;
  private readonly pgs: PgRecord[];
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
    this.map = { pool: map.pool, pgs: this.pgs };
  }

  /** One turn: plan, act, and let joiners get on. False when there was nothing to do. */
  turn(): boolean {
    this.nowMs += TICK_MS;
    const plan = this.plan();
    for (const step of plan.steps) this.carryOut(step);
    this.checkLimits();
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
    if (event.kind === 'addNode') {
      const first = Math.max(0, ...this.stores.map(({ id }) => id)) + 1;
      const added = Array.from({ length: event.stores }, (_, index) =>
        storeFact({ id: first + index, node: `added${first}`, sizeBytes: TIB }),
      );
      this.stores = [...this.stores, ...added];
    } else {
      const picked = this.stores[event.pick % Math.max(1, this.stores.length)];
      if (picked === undefined) return;
      this.stores = this.stores.map((store) => this.changed(store, picked, event.kind));
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

  private changed(
    store: StoreFact,
    picked: StoreFact,
    kind: Exclude<ClusterEvent['kind'], 'addNode'>,
  ): StoreFact {
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
    const had = liveCopies(before, facts).length;
    const has = liveCopies(after, facts).length;
    expect(has).toBeGreaterThanOrEqual(Math.min(had, this.map.pool.replicas));
    expect(has).toBeGreaterThan(0);
    if (step.kind === 'evict') expect(facts.get(step.store)?.alive).not.toBe(true);
    this.replace(step.pg, after);
    this.done.set(step.kind, (this.done.get(step.kind) ?? 0) + 1);
  }

  private checkLimits(): void {
    const perStore = new Map<number, number>();
    const perNode = new Map<string, number>();
    const facts = indexStores(this.stores);
    for (const { members } of this.map.pgs) {
      for (const member of members) {
        const fact = facts.get(member.store);
        if (fact?.alive !== true || member.state !== 'joining') continue;
        if (member.backfill === 'deferred') continue;
        perStore.set(fact.id, (perStore.get(fact.id) ?? 0) + 1);
        perNode.set(fact.node, (perNode.get(fact.node) ?? 0) + 1);
      }
    }
    const { backfillsPerStoreMax, backfillsPerNodeMax } = this.limits;
    expect(Math.max(0, ...perStore.values())).toBeLessThanOrEqual(backfillsPerStoreMax);
    expect(Math.max(0, ...perNode.values())).toBeLessThanOrEqual(backfillsPerNodeMax);
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
