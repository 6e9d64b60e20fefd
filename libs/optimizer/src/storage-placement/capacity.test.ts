import { describe, expect, it } from 'vitest';
import { hasRoom, usableCapacity } from './capacity';
import { poolFor, storeFact, TIB, uniformStores } from './testing/cluster';

const usableTib = (nodeSizes: readonly number[], replicas: number) => {
  const stores = nodeSizes.map((size, index) =>
    storeFact({ id: index + 1, node: `n${index}`, sizeBytes: size * TIB }),
  );
  return usableCapacity(poolFor(stores, { replicas }), stores).usableBytes / TIB;
};

describe('usableCapacity', () => {
  it('is (total - largest failure domain) / replicas × 0.9', () => {
    expect(usableTib([4, 4, 4], 2)).toBeCloseTo(3.6, 6);
    expect(usableTib([4, 4, 8, 4, 4], 3)).toBeCloseTo((16 / 3) * 0.9, 6);
  });

  it('reserves nothing where a lost domain could not be rebuilt', () => {
    expect(usableTib([4, 4], 2)).toBeCloseTo(3.6, 6);
    expect(usableTib([4], 1)).toBeCloseTo(3.6, 6);
    expect(usableTib([4, 4, 4], 3)).toBeCloseTo(3.6, 6);
  });

  it('does not count the part of a large domain that no second copy can match', () => {
    expect(usableTib([10, 1], 2)).toBeCloseTo(0.9, 6);
    expect(usableTib([100, 4, 2], 3)).toBeCloseTo(1.8, 6);
  });

  it('is nothing with fewer domains than copies', () => {
    expect(usableTib([4, 4], 3)).toBe(0);
  });

  it('leaves out stores that are drained or of another class', () => {
    const stores = uniformStores(4, 1).map((store) =>
      store.id === 4 ? { ...store, class: 'hdd' as const } : store,
    );
    const drained = stores.map((store) =>
      store.id === 3 ? { ...store, admin: 'draining' as const } : store,
    );
    const pool = poolFor(stores, { replicas: 2 });
    expect(usableCapacity(pool, drained).rawBytes).toBe(2 * TIB);
  });
});

describe('hasRoom', () => {
  it('ends at 85 %, and just below 95 % for a last copy', () => {
    const store = storeFact({ id: 1, node: 'a', sizeBytes: 100, usedBytes: 80 });
    expect(hasRoom(store, { bytes: 5, lastCopy: false })).toBe(true);
    expect(hasRoom(store, { bytes: 6, lastCopy: false })).toBe(false);
    expect(hasRoom(store, { bytes: 14, lastCopy: true })).toBe(true);
    expect(hasRoom(store, { bytes: 15, lastCopy: true })).toBe(false);
  });
});
