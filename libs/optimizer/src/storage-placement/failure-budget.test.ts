import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { failureBudget } from './failure-budget';
import { indexStores, liveCopies, type PgMap, type StoreFact } from './model';
import { createPgMap } from './target';
import { poolFor, uniformStores } from './testing/cluster';

function mapOf(stores: readonly StoreFact[], groups: readonly (readonly number[])[]): PgMap {
  const pool = poolFor(stores, { replicas: 3, pgCount: groups.length });
  const pgs = groups.map((ids) => ({
    epoch: 1,
    members: ids.map((store) => ({ store, state: 'inSync' as const })),
  }));
  return { pool, pgs };
}

/** Tries it: every group that has a copy keeps one without the stores of these failures. */
function survives(map: PgMap, stores: readonly StoreFact[], lost: ReadonlySet<number>): boolean {
  const facts = indexStores(stores);
  return map.pgs.every((record) => {
    const copies = liveCopies(record, facts);
    return copies.length === 0 || copies.some(({ id }) => !lost.has(id));
  });
}

describe('failureBudget', () => {
  it('is what trying out every one and every two failures gives', () => {
    const storesArbitrary = fc.record({
      nodes: fc.integer({ min: 1, max: 5 }),
      perNode: fc.integer({ min: 1, max: 3 }),
    });
    const groupArbitrary = fc.uniqueArray(fc.integer({ min: 1, max: 15 }), { maxLength: 3 });
    fc.assert(
      fc.property(
        storesArbitrary,
        fc.array(groupArbitrary, { minLength: 1, maxLength: 8 }),
        fc.subarray([1, 2, 3, 4, 5, 6]),
        ({ nodes, perNode }, groups, down) => {
          const stores = uniformStores(nodes, perNode).map((store) => ({
            ...store,
            alive: !down.includes(store.id),
          }));
          const map = mapOf(stores, groups);
          const budget = failureBudget(map, stores);
          const held = stores.filter(
            ({ id, alive }) =>
              alive && map.pgs.some((pg) => pg.members.some((m) => m.store === id)),
          );
          for (const level of ['drives', 'nodes'] as const) {
            const names = [...new Set(held.map((s) => (level === 'drives' ? `${s.id}` : s.node)))];
            const storesOf = (name: string) =>
              stores.filter((s) => (level === 'drives' ? `${s.id}` : s.node) === name);
            const lose = (...lost: string[]) =>
              !survives(map, stores, new Set(lost.flatMap(storesOf).map(({ id }) => id)));
            const singles = names.filter((name) => lose(name));
            const pairs = names.flatMap((a, at) => names.slice(at + 1).map((b) => [a, b] as const));
            const fatal = pairs.filter((pair) => lose(...pair));
            expect(budget[level].fatalSingles).toHaveLength(singles.length);
            expect(budget[level].fatalPairs).toBe(fatal.length);
            expect(budget[level].pairs).toBe(pairs.length);
            if (names.length > 0) expect(budget[level].survives >= 1).toBe(singles.length === 0);
            if (pairs.length > 0) expect(budget[level].survives >= 2).toBe(fatal.length === 0);
          }
          const mixed = held.every((a) =>
            held.every((b) =>
              survives(
                map,
                stores,
                new Set([...stores.filter(({ node }) => node === a.node), b].map(({ id }) => id)),
              ),
            ),
          );
          if (held.length > 0) expect(budget.survivesNodeAndDrive).toBe(mixed);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('says what a healthy pool of three nodes with two copies survives', () => {
    const stores = uniformStores(3, 4);
    const map = createPgMap(poolFor(stores, { replicas: 2 }), stores);
    const budget = failureBudget(map, stores);
    expect(budget.summary).toBe('Survives the loss of 1 node or 1 drive.');
    expect(budget.nodes).toMatchObject({ survives: 1, fatalPairs: 3, pairs: 3 });
    const lost = stores.map((store) => ({ ...store, alive: store.node !== 'n0' }));
    expect(failureBudget(map, lost).summary).toBe('Survives no further failure.');
    const more = stores.map((store) => ({ ...store, alive: store.node === 'n2' }));
    expect(failureBudget(map, more).summary).toMatch(/placement groups have no copy online/);
  });

  it('counts copies on one node as one node and several drives', () => {
    const stores = uniformStores(1, 3);
    const budget = failureBudget(mapOf(stores, [[1, 2, 3]]), stores);
    expect(budget.summary).toBe('Survives the loss of 2 drives.');
    expect(budget.nodes.fatalSingles).toEqual(['node:n0']);
  });
});
