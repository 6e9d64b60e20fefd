import { describe, expect, it } from 'vitest';
import type { EngineEvent } from './engine-commands';
import { describeEngine } from './testing/engine.contract';
import { FakeEngine, type FakeDrive } from './fake-engine';

describeEngine('FakeEngine', async () => {
  const drives = new Map<string, FakeDrive>();
  return {
    open: (onEvent) => new FakeEngine({ onEvent }, drives),
    path: (name) => `/fake/${name}`,
    dispose: async () => undefined,
  };
});

describe('FakeEngine', () => {
  const ids = {
    clusterId: '6f1f7dd0-0000-4000-8000-000000000001',
    nodeId: '6f1f7dd0-0000-4000-8000-000000000002',
  };

  it('tells of a store that fails, and lets nothing attach to it', async () => {
    const events: EngineEvent[] = [];
    const engine = new FakeEngine({ onEvent: (event) => events.push(event) });
    engine.addDrive('/dev/x', 2 ** 30);
    await engine.call('drive.format', { path: '/dev/x', ...ids });
    const { storeId } = await engine.call('store.open', { path: '/dev/x' });
    engine.failStore(storeId, 'a write failed');
    await Promise.resolve();
    expect(events).toEqual([
      { event: 'store.failed', storeId, error: { kind: 'io_error', message: 'a write failed' } },
    ]);
    expect((await engine.call('store.stats', { storeId })).failure?.kind).toBe('io_error');
  });

  it('leaves an unclean store behind when it is killed, free for the next engine', async () => {
    const drives = new Map<string, FakeDrive>();
    const first = new FakeEngine({ onEvent: () => undefined }, drives);
    first.addDrive('/dev/x', 2 ** 30);
    await first.call('drive.format', { path: '/dev/x', ...ids });
    await first.call('store.open', { path: '/dev/x' });
    const second = new FakeEngine({ onEvent: () => undefined }, drives);
    await expect(second.call('store.open', { path: '/dev/x' })).rejects.toMatchObject({
      kind: 'busy',
    });
    first.kill();
    expect((await second.call('drive.probe', { path: '/dev/x' })).store?.clean).toBe(false);
    await second.call('store.open', { path: '/dev/x' });
  });
});
