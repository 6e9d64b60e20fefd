import { describe, expect, it } from 'vitest';
import { dryRun, type HardwareChange } from './dry-run';
import type { StoreFact } from './model';
import { createPgMap } from './target';
import { poolFor, storeFact, TIB, uniformStores } from './testing/cluster';

const GIB = 2 ** 30;
const MB = 1e6;
const rates = {
  perStore: { low: 20 * MB, expected: 100 * MB, high: 400 * MB },
  perNode: { low: 200 * MB, expected: 400 * MB, high: 1000 * MB },
};

/** Half full by default, with groups of equal size. */
function run(
  change: HardwareChange,
  options: { nodes?: number; replicas?: number; fill?: number; stores?: StoreFact[] } = {},
) {
  const { nodes = 4, replicas = 2, fill = 0.5 } = options;
  const fresh = options.stores ?? uniformStores(nodes, 3);
  const pool = poolFor(fresh, { replicas, pgCount: 512 });
  const map = createPgMap(pool, fresh);
  const pgBytes = map.pgs.map(() => (fill * fresh.length * TIB) / (512 * replicas));
  const stores = fresh.map((store) => ({ ...store, usedBytes: fill * store.sizeBytes }));
  return { ...dryRun({ map, stores, change, pgBytes, rates }), map, pgBytes };
}

describe('a dry run', () => {
  it('of a new drive moves its share to it, and nothing to anybody else', () => {
    const result = run({ kind: 'add', stores: [storeFact({ id: 13, node: 'n4' })] });
    expect(result.blockers).toEqual([]);
    expect(result.moves.every(({ store }) => store === 13)).toBe(true);
    expect(result.bytes / (6 * TIB)).toBeCloseTo(1 / 13, 2);
    expect(result.estimate.seconds).toBeCloseTo(result.bytes / (100 * MB), 3);
    expect(result.estimate.earliestSeconds).toBeLessThan(result.estimate.seconds);
    expect(result.estimate.latestSeconds).toBeGreaterThan(result.estimate.seconds);
    expect(result.usableBytesAfter).toBeGreaterThan(result.usableBytesBefore);
  });

  it('of a drain moves what the drive holds, and keeps the failure budget meanwhile', () => {
    const result = run({ kind: 'drain', leaving: { kind: 'drive', store: 5 } });
    expect(result.blockers).toEqual([]);
    expect(result.bytes).toBeCloseTo(0.5 * TIB, -10);
    expect(result.moves.some(({ store }) => store === 5)).toBe(false);
    expect(result.budgetMeanwhile.summary).toBe('Survives the loss of 1 node or 1 drive.');
  });

  it('of a drain refuses when too few nodes would be left', () => {
    const result = run({ kind: 'drain', leaving: { kind: 'node', node: 'n0' } }, { nodes: 2 });
    expect(result.blockers).toEqual([
      {
        kind: 'domains',
        message: '1 node would be left for 2 copies, which must be on different ones.',
      },
    ]);
  });

  it('of a drain refuses when the others would become too full', () => {
    const result = run(
      { kind: 'drain', leaving: { kind: 'node', node: 'n1' } },
      { nodes: 3, fill: 0.7 },
    );
    expect(result.blockers).toEqual([
      {
        kind: 'capacity',
        message:
          'The fullest remaining drive would be 106 % full; above 85 % no drive takes copies.',
      },
    ]);
  });

  it('of a replacement fills the new drive from the others', () => {
    const result = run({
      kind: 'replace',
      leaving: { kind: 'drive', store: 2 },
      stores: [storeFact({ id: 13, node: 'n0' })],
    });
    expect(result.blockers).toEqual([]);
    const toNew = result.moves.filter(({ store }) => store === 13).length;
    expect(toNew / result.moves.length).toBeGreaterThan(0.97);
    expect(result.bytes).toBeCloseTo(0.5 * TIB, -10);
  });

  it('of a removal refuses while there are copies, and says when they are the last ones', () => {
    const result = run({ kind: 'remove', leaving: { kind: 'node', node: 'n0' } });
    expect(result.blockers.map(({ kind }) => kind)).toEqual(['notEmpty']);
    expect(result.blockers[0]?.message).toMatch(/^\d+ placement groups still have a copy there/);
    expect(result.budgetMeanwhile.summary).toBe('Survives no further failure.');
    const single = run({ kind: 'remove', leaving: { kind: 'drive', store: 1 } }, { replicas: 1 });
    expect(single.blockers.map(({ kind }) => kind)).toContain('dataLoss');
  });

  it('of a removal has nothing against an empty drive', () => {
    const stores = [...uniformStores(4, 3), storeFact({ id: 13, node: 'n4', weight: 0 })];
    const result = run({ kind: 'remove', leaving: { kind: 'drive', store: 13 } }, { stores });
    expect(result.blockers).toEqual([]);
    expect(result.moves).toEqual([]);
    expect(result.bytes).toBe(0);
    expect(result.estimate.seconds).toBe(0);
  });

  it('warns when the pool could not rebuild after its next failure any more', () => {
    const result = run(
      { kind: 'drain', leaving: { kind: 'node', node: 'n3' } },
      { nodes: 4, fill: 0.6 },
    );
    expect(result.warnings).toEqual([
      'Afterwards the pool holds more than can be rebuilt after the loss of its largest failure domain.',
    ]);
  });

  it('warns of a new drive that would stay empty', () => {
    const other = storeFact({ id: 13, node: 'n4', class: 'hdd', sizeBytes: 10 * GIB });
    expect(run({ kind: 'add', stores: [other] }).warnings).toEqual([
      'Drive 13 would take no data of this pool.',
    ]);
  });

  it('refuses what is not there', () => {
    const result = run({ kind: 'drain', leaving: { kind: 'node', node: 'nowhere' } });
    expect(result.blockers).toEqual([
      { kind: 'unknown', message: 'There is no node nowhere with a store in this pool.' },
    ]);
  });
});
