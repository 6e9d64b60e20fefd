import { describe, expect, it } from 'vitest';
import {
  RETURN_GRACE_MS,
  type PgMap,
  type PgMember,
  type PgTarget,
  type StoreFact,
  type StoreId,
} from './model';
import { applyStep, type PlacementStep } from './steps';
import { computeTarget, createPgMap } from './target';
import { poolFor, uniformStores } from './testing/cluster';
import { DEFAULT_TRANSITION_LIMITS, planTransitions, type TransitionLimits } from './transitions';

const inSync = (store: StoreId): PgMember => ({ store, state: 'inSync' });
const out = (store: StoreId): PgMember => ({ store, state: 'out' });
const joining = (store: StoreId, backfill: 'running' | 'deferred' = 'running'): PgMember => ({
  store,
  state: 'joining',
  backfill,
});

interface Scene {
  /** One record for all groups, or one each. */
  readonly members: readonly PgMember[] | readonly (readonly PgMember[])[];
  readonly target: readonly StoreId[];
  readonly replicas?: number;
  readonly stores?: readonly StoreFact[];
  readonly nowMs?: number;
  readonly limits?: Partial<TransitionLimits>;
  readonly pgBytes?: readonly number[];
}

/** Plans for groups 0, 1, … of a cluster of six nodes with one store each. */
function plan(scene: Scene) {
  const stores = scene.stores ?? uniformStores(6, 1);
  const records = isNested(scene.members) ? scene.members : [scene.members];
  const pool = poolFor(stores, { replicas: scene.replicas ?? 2, pgCount: records.length });
  const map: PgMap = { pool, pgs: records.map((members) => ({ epoch: 7, members })) };
  const target: PgTarget = records.map(() => scene.target);
  const limits = { ...DEFAULT_TRANSITION_LIMITS, ...scene.limits };
  const { pgBytes, nowMs = 1_000_000 } = scene;
  return planTransitions({ map, target, stores, nowMs, limits, pgBytes });
}

function isNested(members: Scene['members']): members is readonly (readonly PgMember[])[] {
  return Array.isArray(members[0]);
}

function storesWith(change: Record<StoreId, Partial<StoreFact>>): StoreFact[] {
  return uniformStores(6, 1).map((store) => ({ ...store, ...change[store.id] }));
}

const dead = (sinceMs: number, stoppedClean = false) => ({
  alive: false,
  downSinceMs: sinceMs,
  stoppedClean,
});

describe('a plan for a group whose store died', () => {
  it('evicts the dead member and fills a spare at once when one copy is left', () => {
    const stores = storesWith({ 2: dead(999_000) });
    const { steps } = plan({ members: [inSync(1), inSync(2)], target: [1, 3], stores });
    expect(steps).toEqual([
      { kind: 'evict', pg: 0, store: 2 },
      { kind: 'addJoiner', pg: 0, store: 3, backfill: 'running', reason: 'lastCopy' },
    ]);
  });

  it('gives new writes a spare, but fills it only after 15 minutes, when two copies are left', () => {
    const stores = storesWith({ 3: dead(1_000_000) });
    const scene = { replicas: 3, target: [1, 2, 4], stores };
    const first = plan({ ...scene, members: [inSync(1), inSync(2), inSync(3)] });
    expect(first.steps).toContainEqual(
      expect.objectContaining({ kind: 'addJoiner', store: 4, backfill: 'deferred' }),
    );
    const members = [inSync(1), inSync(2), out(3), joining(4, 'deferred')];
    const early = plan({ ...scene, members, nowMs: 1_000_000 + RETURN_GRACE_MS - 1 });
    expect(early.steps).toEqual([]);
    expect(early.waiting.returnExpected).toBe(1);
    const late = plan({ ...scene, members, nowMs: 1_000_000 + RETURN_GRACE_MS });
    expect(late.steps).toEqual([
      { kind: 'startBackfill', pg: 0, store: 4, reason: 'underReplicated' },
    ]);
  });

  it('waits with the filling when the store was stopped on purpose', () => {
    const stores = storesWith({ 2: dead(999_000, true) });
    const { steps } = plan({ members: [inSync(1), out(2)], target: [1, 3], stores });
    expect(steps).toEqual([
      { kind: 'addJoiner', pg: 0, store: 3, backfill: 'deferred', reason: 'lastCopy' },
    ]);
  });

  it('keeps a store listed that is expected back, and lets it go when it is replaced for good', () => {
    const members = [inSync(1), inSync(3), out(2)];
    const stores = storesWith({ 2: dead(1_000_000) });
    const soon = plan({ members, target: [1, 3], stores, nowMs: 1_000_001 });
    expect(soon.steps).toEqual([]);
    const later = plan({ members, target: [1, 3], stores, nowMs: 1_000_000 + RETURN_GRACE_MS });
    expect(later.steps).toEqual([{ kind: 'removeMember', pg: 0, store: 2, reason: 'replaced' }]);
  });

  it('keeps it listed for ever while nothing can replace it', () => {
    const stores = storesWith({ 2: dead(0) });
    const { steps } = plan({ members: [inSync(1), out(2)], target: [1], stores, nowMs: 1e12 });
    expect(steps).toEqual([]);
  });

  it('lets a store that came back join again before any other join', () => {
    const members = [
      [inSync(1), out(4)],
      [inSync(1), out(2)],
    ];
    const scene = { members, target: [1, 2], limits: { backfillsMax: 1 } };
    expect(plan(scene).steps).toEqual([
      { kind: 'rejoin', pg: 1, store: 2, backfill: 'running', reason: 'lastCopy' },
      { kind: 'addJoiner', pg: 0, store: 2, backfill: 'deferred', reason: 'lastCopy' },
    ]);
  });

  it('touches nothing when no copy answers', () => {
    const stores = storesWith({ 1: dead(0), 2: dead(0) });
    const { steps, waiting } = plan({
      members: [inSync(1), inSync(2)],
      target: [3, 4],
      stores,
      nowMs: 1e12,
    });
    expect(steps).toEqual([]);
    expect(waiting.noCopy).toBe(2);
  });

  it('takes a place in a full record from the member that is least likely to help', () => {
    const stores = storesWith({ 2: dead(0), 3: dead(1_000_000) });
    const members = [inSync(1), out(2), out(3), joining(4)];
    const { steps } = plan({ replicas: 3, members, target: [1, 4, 5], stores, nowMs: 1_000_001 });
    expect(steps.map(({ kind, store }) => [kind, store])).toEqual([
      ['removeMember', 2],
      ['addJoiner', 5],
    ]);
  });
});

describe('a plan for a full record', () => {
  it('drops a joiner of an earlier target for one of this target', () => {
    const spares = [joining(2, 'deferred'), joining(3, 'deferred'), joining(4, 'deferred')];
    const { steps } = plan({ members: [inSync(1), ...spares], target: [1, 5] });
    expect(steps.map(({ kind, store }) => [kind, store])).toEqual([
      ['removeMember', 2],
      ['addJoiner', 5],
    ]);
  });
});

describe('a plan for a group that moves', () => {
  it('joins first, and removes only what enough copies in sync make superfluous', () => {
    const target = [2, 3];
    const join = plan({ members: [inSync(1), inSync(2)], target });
    expect(join.steps).toEqual([
      { kind: 'addJoiner', pg: 0, store: 3, backfill: 'running', reason: 'balance' },
    ]);
    expect(plan({ members: [inSync(1), inSync(2), joining(3)], target }).steps).toEqual([]);
    const done = plan({ members: [inSync(1), inSync(2), inSync(3)], target });
    expect(done.steps).toEqual([{ kind: 'removeMember', pg: 0, store: 1, reason: 'replaced' }]);
  });

  it('removes nothing when a copy that would remain does not answer', () => {
    const stores = storesWith({ 3: dead(999_000) });
    const members = [inSync(1), inSync(2), inSync(3)];
    const { steps } = plan({ members, target: [2, 3], stores });
    expect(steps).toEqual([{ kind: 'evict', pg: 0, store: 3 }]);
  });

  it('says why: a store that is drained, or two copies in one domain', () => {
    const stores = storesWith({ 1: { admin: 'draining' } });
    const drained = plan({ members: [inSync(1), inSync(2)], target: [2, 3], stores });
    expect(drained.steps[0]).toMatchObject({ kind: 'addJoiner', reason: 'draining' });
    const together = storesWith({ 1: { node: 'same' }, 2: { node: 'same' } });
    const spread = plan({ members: [inSync(1), inSync(2)], target: [2, 3], stores: together });
    expect(spread.steps[0]).toMatchObject({ kind: 'addJoiner', reason: 'misplaced' });
  });

  it('removes of two copies in one domain, not the only one in another', () => {
    const stores = storesWith({ 2: { node: 'same' }, 3: { node: 'same' } });
    const members = [inSync(1), inSync(2), inSync(3)];
    const { steps } = plan({ members, target: [2, 4], stores });
    expect(steps[0]).toEqual({ kind: 'removeMember', pg: 0, store: 3, reason: 'replaced' });
    expect(steps.map(({ kind }) => kind)).toEqual(['removeMember', 'addJoiner']);
  });

  it('drops a joiner that is not wanted any more', () => {
    const { steps } = plan({ members: [inSync(1), inSync(2), joining(3)], target: [1, 2] });
    expect(steps).toEqual([{ kind: 'removeMember', pg: 0, store: 3, reason: 'notNeeded' }]);
  });

  it('does not even out while a copy that can be made is missing', () => {
    const members = [
      [inSync(1), inSync(2)],
      [inSync(2), joining(3)],
    ];
    const { steps, waiting } = plan({ members, target: [2, 3] });
    expect(steps).toEqual([]);
    expect(waiting.repairsFirst).toBe(1);
  });
});

describe('a repair that cannot be made', () => {
  it('does not keep other groups from evening out', () => {
    const stores = storesWith({ 3: { usedBytes: 2 ** 40 } });
    const members = [[inSync(1), inSync(2)], [inSync(2)]];
    const { steps, waiting } = plan({ replicas: 2, stores, members, target: [2, 3] });
    expect(steps).toEqual([]);
    expect(waiting).toMatchObject({ noRoom: 2, repairsFirst: 0 });
  });
});

describe('the limits of a plan', () => {
  const many = Array.from({ length: 10 }, () => [inSync(1)]);

  it('fill two joiners on a store at a time; the others take new writes meanwhile', () => {
    const { steps } = plan({ members: many, target: [1, 2] });
    const filled = steps.map((step) => (step.kind === 'addJoiner' ? step.backfill : step.kind));
    expect(filled).toEqual(['running', 'running', ...Array<string>(8).fill('deferred')]);
  });

  it('add a joiner only with a slot to fill it, where deferring is off', () => {
    const { steps, waiting } = plan({
      members: many,
      target: [1, 2],
      limits: { deferredPerStoreMax: 0 },
    });
    expect(steps).toHaveLength(2);
    expect(waiting.slot).toBe(8);
  });

  it('count what is under way on the node as well', () => {
    const stores = uniformStores(2, 3);
    const members = [[inSync(1), joining(4)], ...many.map(() => [inSync(1)])];
    const { steps } = plan({
      stores,
      members,
      target: [1, 5],
      limits: { backfillsPerNodeMax: 2, deferredPerStoreMax: 0 },
    });
    expect(steps.filter(({ kind }) => kind === 'addJoiner')).toHaveLength(1);
  });

  it('put groups with one copy before groups with two, and repairs before moves', () => {
    const stores = storesWith({ 6: { admin: 'draining' } });
    const members = [[inSync(1), inSync(2), inSync(6)], [inSync(1), inSync(2)], [inSync(1)]];
    const { steps } = plan({ replicas: 3, stores, members, target: [1, 2, 3] });
    expect(steps.map((step) => ('reason' in step ? [step.pg, step.reason] : []))).toEqual([
      [2, 'lastCopy'],
      [2, 'lastCopy'],
      [1, 'underReplicated'],
    ]);
  });

  it('send no copy to a store above 85 %, except a last one', () => {
    const stores = storesWith({ 3: { usedBytes: 0.86 * 2 ** 40 } });
    const move = plan({ members: [inSync(1), inSync(2)], target: [2, 3], stores });
    expect(move.steps).toEqual([]);
    expect(move.waiting.noRoom).toBe(1);
    const last = plan({ members: [inSync(2)], target: [2, 3], stores });
    expect(last.steps).toHaveLength(1);
    const full = storesWith({ 3: { usedBytes: 0.95 * 2 ** 40 } });
    expect(plan({ members: [inSync(2)], target: [2, 3], stores: full }).steps).toEqual([]);
  });

  it('count what is on its way to a store as if it were there', () => {
    const size = 2 ** 40;
    const stores = storesWith({ 3: { usedBytes: 0.75 * size } });
    const members = [
      [inSync(1), inSync(2), joining(3)],
      [inSync(1), inSync(2)],
    ];
    const scene = { members, target: [2, 3], stores };
    expect(plan({ ...scene, pgBytes: [0.05 * size, 0.04 * size] }).steps).toHaveLength(1);
    expect(plan({ ...scene, pgBytes: [0.07 * size, 0.04 * size] }).waiting.noRoom).toBe(1);
  });

  it('never take a store without space for a failed one', () => {
    const stores = storesWith({ 2: { usedBytes: 2 ** 40 } });
    expect(plan({ members: [inSync(1), inSync(2)], target: [1, 2], stores }).steps).toEqual([]);
  });
});

describe('a plan', () => {
  it('is the same again, and empty once it is carried out', () => {
    const stores = uniformStores(6, 2);
    const pool = poolFor(stores, { replicas: 2, pgCount: 256 });
    const map = createPgMap(pool, stores);
    const after = stores.map((store) =>
      store.node === 'n2' ? { ...store, ...dead(0), alive: false } : store,
    );
    const { target } = computeTarget({ map, stores: after });
    const input = { map, target, stores: after, nowMs: 1 };
    const first = planTransitions(input);
    expect(planTransitions(input)).toEqual(first);
    const pgs = [...map.pgs];
    for (const step of first.steps) {
      const record = pgs[step.pg];
      if (record !== undefined) pgs[step.pg] = applyStep(record, step);
    }
    expect(planTransitions({ ...input, map: { pool, pgs } }).steps).toEqual([]);
  });
});

describe('applyStep', () => {
  const record = { epoch: 4, members: [inSync(1), joining(2, 'deferred'), out(3)] };

  it('gives the next epoch', () => {
    const step: PlacementStep = { kind: 'startBackfill', pg: 0, store: 2, reason: 'balance' };
    expect(applyStep(record, step)).toEqual({
      epoch: 5,
      members: [inSync(1), out(3), joining(2, 'running')],
    });
  });

  it.each<PlacementStep>([
    { kind: 'evict', pg: 0, store: 1 },
    { kind: 'evict', pg: 0, store: 3 },
    { kind: 'removeMember', pg: 0, store: 1, reason: 'replaced' },
    { kind: 'removeMember', pg: 0, store: 9, reason: 'replaced' },
    { kind: 'addJoiner', pg: 0, store: 2, backfill: 'running', reason: 'balance' },
    { kind: 'rejoin', pg: 0, store: 1, backfill: 'running', reason: 'balance' },
    { kind: 'startBackfill', pg: 0, store: 3, reason: 'balance' },
  ])('refuses $kind of store $store', (step) => {
    expect(() => applyStep(record, step)).toThrow(RangeError);
  });
});
