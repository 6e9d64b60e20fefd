/** Clusters for tests: stores by the dozen, and arbitrary ones for properties. */
import fc from 'fast-check';
import { choosePgCount } from '../pg-space';
import { type DomainLevel, type PgMap, type Pool, type StoreFact } from '../model';

export const TIB = 2 ** 40;

export function storeFact(fact: Partial<StoreFact> & Pick<StoreFact, 'id' | 'node'>): StoreFact {
  return {
    chassis: null,
    rack: null,
    class: 'ssd',
    sizeBytes: TIB,
    usedBytes: 0,
    weight: 1,
    admin: 'in',
    alive: true,
    downSinceMs: null,
    stoppedClean: false,
    ...fact,
  };
}

/** `nodes` × `perNode` equal stores; ids count from 1, nodes are n0, n1, … */
export function uniformStores(nodes: number, perNode: number): StoreFact[] {
  return Array.from({ length: nodes * perNode }, (_, index) =>
    storeFact({ id: index + 1, node: `n${Math.floor(index / perNode)}` }),
  );
}

export function poolFor(
  stores: readonly StoreFact[],
  options: {
    readonly replicas: number;
    readonly pgCount?: number;
    readonly failureDomain?: DomainLevel;
  },
): Pool {
  const { replicas, failureDomain = 'node' } = options;
  const pgCount = options.pgCount ?? choosePgCount({ stores: stores.length, replicas });
  return { id: 1, pgCount, replicas, class: 'ssd', failureDomain };
}

/** Up to `nodesMax` nodes with up to 12 stores of unequal sizes, some nodes in chassis. */
function storesOf(nodesMax: number): fc.Arbitrary<StoreFact[]> {
  return fc
    .array(
      fc.record({
        weights: fc.array(fc.constantFrom(1, 1, 1, 2, 4), { minLength: 1, maxLength: 12 }),
        chassis: fc.constantFrom(null, null, 'c0', 'c1', 'c2', 'c3'),
      }),
      { minLength: 1, maxLength: nodesMax },
    )
    .map((nodes) => {
      let id = 0;
      return nodes.flatMap(({ weights, chassis }, node) =>
        weights.map((weight) => {
          id += 1;
          return storeFact({ id, node: `n${node}`, chassis, weight, sizeBytes: weight * TIB });
        }),
      );
    });
}

/** A pool over such stores: few groups, so that a property sees many clusters. */
export function poolOf(
  nodesMax: number,
  pgCounts: readonly number[] = [64, 128, 256, 512],
): fc.Arbitrary<{ stores: StoreFact[]; pool: Pool }> {
  return fc
    .record({
      stores: storesOf(nodesMax),
      replicas: fc.integer({ min: 1, max: 3 }),
      pgCount: fc.constantFrom(...pgCounts),
      failureDomain: fc.constantFrom<DomainLevel>('store', 'node', 'node', 'chassis'),
    })
    .map(({ stores, replicas, pgCount, failureDomain }) => ({
      stores,
      pool: poolFor(stores, { replicas, pgCount, failureDomain }),
    }));
}

/** Up to 64 nodes. */
export const poolArbitrary = poolOf(64);

/** In-sync copies per store. */
export function copiesPerStore(map: PgMap): ReadonlyMap<number, number> {
  const counts = new Map<number, number>();
  for (const { members } of map.pgs) {
    for (const { store, state } of members) {
      if (state === 'inSync') counts.set(store, (counts.get(store) ?? 0) + 1);
    }
  }
  return counts;
}
