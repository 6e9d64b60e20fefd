/**
 * What to do now so that the map becomes the target: explicit steps, safe in the given order.
 *
 * - A copy is removed only when as many as the pool wants are in sync and answer without it.
 * - A member that does not answer is evicted only while another copy answers; with none left, all
 *   stay as they are, for any of them may be the one that returns.
 * - A group that misses copies gets its joiners at once, so that what is written from now on has all
 *   its copies again; the filling of joiners is what the limits bound, the most urgent first.
 * - A store that is expected back keeps its places for `RETURN_GRACE_MS`. Meanwhile a spare takes
 *   new writes; it is filled at once when only one copy is left and the store was not stopped on
 *   purpose, and otherwise when the time is over.
 * - Moves that only even out wait until no group misses a copy that could be made.
 *
 * Planning twice from the same state gives the same steps; planning after some of them gives the rest.
 */
import { hasRoom } from './capacity';
import { planPg, type PgCandidate } from './pg-plan';
import { indexStores, type PgMap, type PgTarget, type StoreFact, type StoreId } from './model';
import { applyStep, joinReasons, type PlacementStep } from './steps';

export interface TransitionLimits {
  /** Joiners that are filled at the same time, on one store, on one node and in the pool. */
  readonly backfillsPerStoreMax: number;
  readonly backfillsPerNodeMax: number;
  readonly backfillsMax: number;
  /** Joiners on one store that take new writes only. 0: a joiner is added when it can be filled. */
  readonly deferredPerStoreMax: number;
}

export const DEFAULT_TRANSITION_LIMITS: TransitionLimits = {
  backfillsPerStoreMax: 2,
  backfillsPerNodeMax: 8,
  backfillsMax: 256,
  deferredPerStoreMax: 256,
};

export interface TransitionInput {
  readonly map: PgMap;
  readonly target: PgTarget;
  readonly stores: readonly StoreFact[];
  readonly nowMs: number;
  readonly limits?: TransitionLimits;
  /** Bytes of one copy of each PG; with it, what is on its way counts as filling a store. */
  readonly pgBytes?: readonly number[] | undefined;
}

/**
 * Why joins wait: for a slot of the limits; for space on the store; for a place in the record; until
 * an absent store is given up; behind repairs; or because no copy answers to be copied from.
 */
export const waitReasons = [
  'slot',
  'noRoom',
  'memberSlot',
  'returnExpected',
  'repairsFirst',
  'noCopy',
] as const;
export type WaitReason = (typeof waitReasons)[number];

export interface TransitionPlan {
  /** In the order in which to carry them out; those of one PG build on each other. */
  readonly steps: readonly PlacementStep[];
  /** How many joins wait, and for what. */
  readonly waiting: Readonly<Record<WaitReason, number>>;
}

export function planTransitions(input: TransitionInput): TransitionPlan {
  const stores = indexStores(input.stores);
  const lanes = new Lanes(input, stores);
  const evictions: PlacementStep[] = [];
  const removals: PlacementStep[] = [];
  const candidates: PgCandidate[] = [];
  let repairing = false;
  for (const [pg, record] of input.map.pgs.entries()) {
    const planned = planPg({
      pg,
      record,
      wanted: input.target[pg] ?? [],
      pool: input.map.pool,
      stores,
      nowMs: input.nowMs,
    });
    evictions.push(...planned.evictions);
    removals.push(...planned.removals);
    candidates.push(...planned.candidates);
    repairing ||= planned.repairing;
    lanes.waiting.noCopy += planned.withoutCopy;
  }
  candidates.sort(byUrgency);
  const joins: PlacementStep[] = [];
  for (const candidate of candidates) {
    const isRepair = candidate.group.liveCopies < input.map.pool.replicas;
    if (candidate.reason === 'balance' && repairing) {
      lanes.waiting.repairsFirst += 1;
      continue;
    }
    const steps = lanes.admit(candidate, isRepair);
    // Repairs come first in the order. One that cannot be made at all holds nobody up.
    repairing ||=
      isRepair && (Array.isArray(steps) || steps === 'slot' || steps === 'returnExpected');
    if (Array.isArray(steps)) joins.push(...steps);
    else lanes.waiting[steps] += 1;
  }
  return { steps: [...evictions, ...removals, ...joins], waiting: lanes.waiting };
}

const ACTIONS = ['rejoin', 'startBackfill', 'addJoiner'] as const;

function byUrgency(a: PgCandidate, b: PgCandidate): number {
  return (
    joinReasons.indexOf(a.reason) - joinReasons.indexOf(b.reason) ||
    ACTIONS.indexOf(a.action) - ACTIONS.indexOf(b.action) ||
    a.group.pg - b.group.pg
  );
}

/** What is under way, and what the limits still allow. */
class Lanes {
  readonly waiting: Record<WaitReason, number> = {
    slot: 0,
    noRoom: 0,
    memberSlot: 0,
    returnExpected: 0,
    repairsFirst: 0,
    noCopy: 0,
  };
  private readonly limits: TransitionLimits;
  private readonly filling = new Map<StoreId | string, number>();
  private readonly deferred = new Map<StoreId, number>();
  private readonly bytesOnTheWay = new Map<StoreId, number>();
  private fillingInPool = 0;

  constructor(
    private readonly input: TransitionInput,
    private readonly stores: ReadonlyMap<StoreId, StoreFact>,
  ) {
    this.limits = input.limits ?? DEFAULT_TRANSITION_LIMITS;
    for (const [pg, { members }] of input.map.pgs.entries()) {
      for (const member of members) {
        if (member.state === 'joining') this.count(pg, member.store, member.backfill);
      }
    }
  }

  /** The steps of a join that may begin now, or what it has to wait for. */
  admit(candidate: PgCandidate, isRepair: boolean): PlacementStep[] | WaitReason {
    const { action, group, store, reason } = candidate;
    const fact = this.stores.get(store);
    if (fact === undefined) return 'noRoom';
    if (action === 'addJoiner' && !this.fits(candidate, fact)) return 'noRoom';
    const backfill = this.backfillNow(candidate, fact, isRepair);
    if (backfill === undefined) return candidate.copyNow ? 'slot' : 'returnExpected';
    if (action === 'startBackfill') {
      this.deferred.set(store, (this.deferred.get(store) ?? 0) - 1);
      this.countFilling(fact);
      return this.applied(group, [{ kind: action, pg: group.pg, store, reason }]);
    }
    const freed = action === 'addJoiner' ? group.freeSlot() : [];
    if (freed === undefined) return 'memberSlot';
    this.count(group.pg, store, backfill);
    return this.applied(group, [...freed, { kind: action, pg: group.pg, store, backfill, reason }]);
  }

  private applied(group: PgCandidate['group'], steps: PlacementStep[]): PlacementStep[] {
    for (const step of steps) group.record = applyStep(group.record, step);
    return steps;
  }

  /** running, deferred, or undefined when it may not even begin. */
  private backfillNow(
    candidate: PgCandidate,
    fact: StoreFact,
    isRepair: boolean,
  ): 'running' | 'deferred' | undefined {
    const { backfillsPerStoreMax, backfillsPerNodeMax, backfillsMax } = this.limits;
    const hasSlot =
      (this.filling.get(fact.id) ?? 0) < backfillsPerStoreMax &&
      (this.filling.get(fact.node) ?? 0) < backfillsPerNodeMax &&
      this.fillingInPool < backfillsMax;
    if (candidate.copyNow && hasSlot) return 'running';
    if (candidate.action === 'startBackfill') return undefined;
    const hasPlace = (this.deferred.get(fact.id) ?? 0) < this.limits.deferredPerStoreMax;
    return isRepair && hasPlace ? 'deferred' : undefined;
  }

  private fits({ group, store, reason }: PgCandidate, fact: StoreFact): boolean {
    const bytes = (this.bytesOnTheWay.get(store) ?? 0) + (this.input.pgBytes?.[group.pg] ?? 0);
    return hasRoom(fact, { bytes, lastCopy: reason === 'lastCopy' });
  }

  private count(pg: number, store: StoreId, backfill: 'running' | 'deferred'): void {
    const bytes = this.input.pgBytes?.[pg] ?? 0;
    this.bytesOnTheWay.set(store, (this.bytesOnTheWay.get(store) ?? 0) + bytes);
    const fact = this.stores.get(store);
    if (backfill === 'deferred') this.deferred.set(store, (this.deferred.get(store) ?? 0) + 1);
    else if (fact?.alive === true) this.countFilling(fact);
  }

  private countFilling({ id, node }: StoreFact): void {
    this.filling.set(id, (this.filling.get(id) ?? 0) + 1);
    this.filling.set(node, (this.filling.get(node) ?? 0) + 1);
    this.fillingInPool += 1;
  }
}
