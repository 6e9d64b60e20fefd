import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { choosePgCount, PG_COUNT_MAX, pgOf, pgsOfVolume, splitPgs } from './pg-space';
import type { PgMap } from './model';
import vectors from './test-vectors.json';

describe('choosePgCount', () => {
  it('gives the counts of the design: 12 stores with 2 copies, 768 with 3', () => {
    expect(choosePgCount({ stores: 12, replicas: 2 })).toBe(1024);
    expect(choosePgCount({ stores: 768, replicas: 3 })).toBe(32_768);
  });

  it('gives every store 100 to 200 replicas while the bounds allow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 768 }), fc.integer({ min: 1, max: 3 }), (stores, r) => {
        const pgCount = choosePgCount({ stores, replicas: r });
        expect(Number.isInteger(Math.log2(pgCount))).toBe(true);
        const perStore = (pgCount * r) / stores;
        if (pgCount > 64) expect(perStore).toBeLessThan(200);
        if (pgCount < PG_COUNT_MAX) expect(perStore).toBeGreaterThanOrEqual(100);
      }),
    );
  });
});

describe('pgOf', () => {
  it.each(vectors.pgOf)('gives $pg for chunk $chunk of $root in $pgCount PGs', (vector) => {
    expect(pgOf({ ...vector, root: BigInt(vector.root) })).toBe(vector.pg);
  });

  it('spreads the chunks of a volume over all PGs evenly', () => {
    const pgs = pgsOfVolume({ root: 42n, chunkCount: 5000, pgCount: 256 });
    expect(new Set(pgs).size).toBe(256);
    expect(pgs).toEqual(pgs.map((_, chunk) => pgOf({ root: 42n, chunk, pgCount: 256 })));
  });

  it('names each PG of a small volume once', () => {
    const pgs = pgsOfVolume({ root: 7n, chunkCount: 10, pgCount: 64 });
    expect(new Set(pgs).size).toBe(10);
  });
});

describe('splitPgs', () => {
  const map: PgMap = {
    pool: { id: 1, pgCount: 64, replicas: 1, class: 'ssd', failureDomain: 'node' },
    pgs: Array.from({ length: 64 }, (_, pg) => ({
      epoch: 1,
      members: [{ store: pg + 1, state: 'inSync' }],
    })),
  };

  it('leaves every chunk on the members that it had', () => {
    const split = splitPgs(map);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: (1n << 64n) - 1n }), fc.nat(), (root, chunk) => {
        const before = map.pgs[pgOf({ root, chunk, pgCount: 64 })];
        const after = split?.pgs[pgOf({ root, chunk, pgCount: 128 })];
        expect(after?.members).toEqual(before?.members);
      }),
    );
    expect(split?.pool.pgCount).toBe(128);
  });

  it('refuses to grow beyond the limit', () => {
    const pool = { ...map.pool, pgCount: PG_COUNT_MAX };
    expect(splitPgs({ pool, pgs: [] })).toBeUndefined();
  });
});
