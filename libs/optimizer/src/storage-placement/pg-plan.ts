/**
 * What one placement group needs: members to evict, members to remove, and joins to make, which the
 * limits of the whole pool then admit (`planTransitions`).
 */
import {
  domainOf,
  isExpectedBack,
  isUsable,
  liveCopies,
  memberOf,
  MEMBERS_MAX,
  type PgRecord,
  type Pool,
  type StoreFact,
  type StoreId,
} from './model';
import { applyStep, type JoinReason, type PlacementStep } from './steps';

export interface PgCandidate {
  readonly action: 'rejoin' | 'startBackfill' | 'addJoiner';
  readonly group: PgWork;
  readonly store: StoreId;
  readonly reason: JoinReason;
  /** False while an absent store may still come back with nearly everything. */
  readonly copyNow: boolean;
}

export interface PgPlan {
  readonly evictions: readonly PlacementStep[];
  readonly removals: readonly PlacementStep[];
  readonly candidates: readonly PgCandidate[];
  /** It misses a copy that is being made or is expected back. */
  readonly repairing: boolean;
  /** Joins that cannot be made, because no copy answers. */
  readonly withoutCopy: number;
}

export interface PgPlanInput {
  readonly pg: number;
  readonly record: PgRecord;
  readonly wanted: readonly StoreId[];
  readonly pool: Pool;
  readonly stores: ReadonlyMap<StoreId, StoreFact>;
  readonly nowMs: number;
}

/** A group and its record as it is after the steps that are planned so far. */
export class PgWork {
  readonly pg: number;
  record: PgRecord;
  /** Copies that answer. No planned step takes one of them below what the pool wants. */
  readonly liveCopies: number;

  constructor(private readonly input: PgPlanInput) {
    this.pg = input.pg;
    this.record = input.record;
    this.liveCopies = liveCopies(input.record, input.stores).length;
  }

  /** Steps that make room for one more member: none needed, some, or `undefined` if there is no way. */
  freeSlot(): PlacementStep[] | undefined {
    const { members } = this.record;
    if (members.length < MEMBERS_MAX) return [];
    const unwanted = members.filter(({ store, state }) => state !== 'inSync' && !this.wants(store));
    const takingWrites = members.filter(({ state }) => state !== 'out').length;
    const victim =
      unwanted.find(({ store, state }) => state === 'out' && !this.expectsBack(store)) ??
      unwanted.find((member) => member.state === 'joining' && member.backfill === 'deferred') ??
      unwanted.find(({ state }) => state === 'joining') ??
      (takingWrites === 1 ? unwanted[0] : undefined);
    if (victim === undefined) return undefined;
    const reason = victim.state === 'out' ? 'givenUp' : 'notNeeded';
    return [{ kind: 'removeMember', pg: this.pg, store: victim.store, reason }];
  }

  /** It is away, and likely to return with nearly everything. */
  expectsBack(store: StoreId): boolean {
    const fact = this.input.stores.get(store);
    return fact !== undefined && isExpectedBack(fact, this.input.nowMs);
  }

  /** The target names it, and it can still take the copy. */
  wants(store: StoreId): boolean {
    const fact = this.input.stores.get(store);
    const usable = fact !== undefined && isUsable(fact, this.input.pool);
    return usable && this.input.wanted.includes(store);
  }
}

const NOTHING: PgPlan = {
  evictions: [],
  removals: [],
  candidates: [],
  repairing: false,
  withoutCopy: 0,
};

export function planPg(input: PgPlanInput): PgPlan {
  if (isAtRest(input)) return NOTHING;
  const group = new PgWork(input);
  if (group.liveCopies === 0) {
    const withoutCopy = input.wanted.filter((store) => !memberOf(input.record, store)).length;
    return { ...NOTHING, withoutCopy };
  }
  const evictions = evictDead(input);
  advance(group, evictions);
  const removals = removeSurplus(input, group);
  advance(group, removals);
  const candidates = joinsOf(input, group);
  const isShort = group.liveCopies < input.pool.replicas;
  const { members } = group.record;
  const repairing =
    isShort &&
    members.some((member) =>
      member.state === 'joining'
        ? member.backfill === 'running' && input.stores.get(member.store)?.alive === true
        : member.state === 'out' && group.expectsBack(member.store),
    );
  return { evictions, removals, candidates, repairing, withoutCopy: 0 };
}

/** Exactly the wanted copies, and all answer: what nearly every group is, nearly always. */
function isAtRest({ record, wanted, pool, stores }: PgPlanInput): boolean {
  return (
    record.members.length === wanted.length &&
    wanted.length === pool.replicas &&
    record.members.every(
      ({ store, state }) =>
        state === 'inSync' && wanted.includes(store) && stores.get(store)?.alive === true,
    )
  );
}

function advance(group: PgWork, steps: readonly PlacementStep[]): void {
  for (const step of steps) group.record = applyStep(group.record, step);
}

function evictDead({ pg, record, stores }: PgPlanInput): PlacementStep[] {
  return record.members.flatMap(({ store, state }) =>
    state === 'out' || stores.get(store)?.alive === true ? [] : { kind: 'evict', pg, store },
  );
}

/** Members that the target does not want and that nothing depends on. */
function removeSurplus(input: PgPlanInput, group: PgWork): PlacementStep[] {
  const { pg, pool, stores } = input;
  const steps: PlacementStep[] = [];
  const enough = group.liveCopies >= pool.replicas;
  const wantedCount = group.record.members.filter(
    ({ store, state }) => state !== 'out' && group.wants(store),
  ).length;
  let copies = liveCopies(group.record, stores);
  const leavingFirst = [...group.record.members].sort(
    (a, b) => Number(canStay(a.store)) - Number(canStay(b.store)) || a.store - b.store,
  );
  for (const member of leavingFirst) {
    const { store, state } = member;
    if (group.wants(store)) continue;
    const fact = stores.get(store);
    const isIdle = member.state === 'joining' && member.backfill === 'deferred';
    const others = copies.filter(({ id }) => id !== store);
    if (state === 'inSync' && areEnough(others, copies, pool)) {
      copies = others;
      steps.push({ kind: 'removeMember', pg, store, reason: 'replaced' });
    } else if (state === 'joining' && (enough || (isIdle && wantedCount >= pool.replicas))) {
      steps.push({ kind: 'removeMember', pg, store, reason: 'notNeeded' });
    } else if (state === 'out' && (fact === undefined || fact.admin === 'out')) {
      steps.push({ kind: 'removeMember', pg, store, reason: 'givenUp' });
    } else if (state === 'out' && enough && !group.expectsBack(store)) {
      steps.push({ kind: 'removeMember', pg, store, reason: 'replaced' });
    }
  }
  return steps;

  function canStay(store: StoreId): boolean {
    const fact = stores.get(store);
    return fact !== undefined && isUsable(fact, pool);
  }
}

/** As many copies as the pool wants remain, and in no fewer domains, unless in as many as it wants. */
function areEnough(
  remaining: readonly StoreFact[],
  present: readonly StoreFact[],
  { replicas, failureDomain }: Pool,
): boolean {
  const domains = (copies: readonly StoreFact[]) =>
    new Set(copies.map((fact) => domainOf(fact, failureDomain))).size;
  return remaining.length >= replicas && domains(remaining) >= Math.min(replicas, domains(present));
}

function joinsOf(input: PgPlanInput, group: PgWork): PgCandidate[] {
  const reason = joinReason(input, group);
  const waits = group.liveCopies < input.pool.replicas && waitsForReturn(input, group);
  return input.wanted.flatMap((store): PgCandidate[] => {
    if (!group.wants(store)) return [];
    const member = memberOf(group.record, store);
    if (member === undefined) {
      return [{ action: 'addJoiner', group, store, reason, copyNow: !waits }];
    }
    if (member.state === 'out') {
      return [{ action: 'rejoin', group, store, reason, copyNow: true }];
    }
    const isDeferred = member.state === 'joining' && member.backfill === 'deferred';
    return isDeferred ? [{ action: 'startBackfill', group, store, reason, copyNow: !waits }] : [];
  });
}

function joinReason({ pool, stores }: PgPlanInput, group: PgWork): JoinReason {
  if (group.liveCopies < pool.replicas) {
    return group.liveCopies === 1 ? 'lastCopy' : 'underReplicated';
  }
  const copies = liveCopies(group.record, stores);
  if (copies.some(({ admin }) => admin !== 'in')) return 'draining';
  const domains = new Set(copies.map((fact) => domainOf(fact, pool.failureDomain)));
  const fits = copies.every((fact) => isUsable(fact, pool)) && domains.size === copies.length;
  return fits ? 'balance' : 'misplaced';
}

/** An absent member is likely to return, and until then there is a second copy or a good reason. */
function waitsForReturn({ stores }: PgPlanInput, group: PgWork): boolean {
  return group.record.members.some(
    ({ store, state }) =>
      state === 'out' &&
      group.expectsBack(store) &&
      (group.liveCopies > 1 || stores.get(store)?.stoppedClean === true),
  );
}
