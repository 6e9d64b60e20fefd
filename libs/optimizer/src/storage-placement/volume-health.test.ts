import { describe, expect, it } from 'vitest';
import type { PgMap, PgMember } from './model';
import { poolFor, uniformStores } from './testing/cluster';
import { pgOf } from './pg-space';
import { groupHealth, volumeHealth } from './volume-health';

const stores = uniformStores(4, 1).map((store) => ({ ...store, alive: store.id !== 4 }));
const healthy: PgMember[] = [
  { store: 1, state: 'inSync' },
  { store: 2, state: 'inSync' },
];
const alone: PgMember[] = [{ store: 1, state: 'inSync' }];

/** A volume whose chunk `n` lies in a group with `special` members; all others are healthy. */
function healthWith(special: readonly PgMember[], chunkCount = 8) {
  const root = 99n;
  const pool = poolFor(stores, { replicas: 2, pgCount: 64 });
  const at = pgOf({ root, chunk: 3, pgCount: 64 });
  const pgs = Array.from({ length: 64 }, (_, pg) => ({
    epoch: 1,
    members: pg === at ? special : healthy,
  }));
  const map: PgMap = { pool, pgs };
  return volumeHealth({ root, chunkCount }, groupHealth(map, stores));
}

describe('the health of a volume', () => {
  it('is healthy with all copies, also while one is on its way elsewhere', () => {
    const moving: PgMember[] = [...healthy, { store: 3, state: 'joining', backfill: 'running' }];
    expect(healthWith(healthy).state).toBe('healthy');
    expect(healthWith(moving)).toMatchObject({ state: 'healthy', copiesMin: 2 });
  });

  it('is degraded while nobody makes the copy that is missing', () => {
    expect(healthWith(alone)).toMatchObject({ state: 'degraded', copiesMin: 1 });
    expect(healthWith([...alone, { store: 2, state: 'joining', backfill: 'deferred' }]).state).toBe(
      'degraded',
    );
    expect(healthWith([...alone, { store: 4, state: 'joining', backfill: 'running' }]).state).toBe(
      'degraded',
    );
  });

  it('is rebuilding while the missing copy is made', () => {
    const joining: PgMember[] = [...alone, { store: 2, state: 'joining', backfill: 'running' }];
    expect(healthWith(joining)).toMatchObject({ state: 'rebuilding', copiesMin: 1 });
  });

  it('is offline when a group has no copy that answers', () => {
    const lost: PgMember[] = [
      { store: 4, state: 'inSync' },
      { store: 1, state: 'out' },
    ];
    expect(healthWith(lost)).toMatchObject({ state: 'offline', copiesMin: 0 });
    expect(healthWith(lost).groups).toEqual({ offline: 1, degraded: 0, rebuilding: 0, healthy: 7 });
  });

  it('does not suffer from groups that hold nothing of the volume', () => {
    expect(healthWith(alone, 3).state).toBe('healthy');
  });
});
