import fc from 'fast-check';
import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from '../fake-key-value-store';
import type { Operation } from '../key-value-store';
import { FactStream, type FactBatch, type FactSnapshot } from './fact-stream';

/** Applies what a stream delivers, and checks its promises on the way. */
class Receiver {
  readonly state = new Map<string, string>();
  readonly batches: FactBatch[] = [];
  revision = 0;

  readonly onSnapshot = (snapshot: FactSnapshot): void => {
    expect(this.revision).toBe(0);
    this.revision = snapshot.revision;
    for (const { key, value } of snapshot.facts) this.state.set(key, value.toString());
  };

  readonly onBatch = (batch: FactBatch): void => {
    expect(batch.revision).toBeGreaterThan(this.revision);
    expect(batch.puts.length + batch.deletes.length).toBeGreaterThan(0);
    if (!batch.collapsed) {
      expect(batch.puts.every(({ modRevision }) => modRevision === batch.revision)).toBe(true);
    }
    this.revision = batch.revision;
    this.batches.push(batch);
    for (const { key, value } of batch.puts) this.state.set(key, value.toString());
    for (const key of batch.deletes) expect(this.state.delete(key)).toBe(true);
  };
}

const streamOn = (store: FakeKeyValueStore): { stream: FactStream; receiver: Receiver } => {
  const receiver = new Receiver();
  const names = { prefix: '/f/', session: 'test', life: 'life' };
  return { stream: new FactStream({ store, receiver, ...names }), receiver };
};

const write = (store: FakeKeyValueStore, then: readonly Operation[]) =>
  store.transact({ compare: [], then });

describe('FactStream', () => {
  it('delivers the present, then each change, what belongs together together', async () => {
    const store = new FakeKeyValueStore();
    store.plant('/f/a', '1');
    store.plant('/g/a', 'not ours');
    const { stream, receiver } = streamOn(store);
    await stream.start();
    expect([...receiver.state]).toEqual([['/f/a', '1']]);
    const { revision } = await write(store, [
      { kind: 'put', key: '/f/b', value: '2' },
      { kind: 'delete', key: '/f/a' },
      { kind: 'put', key: '/g/b', value: 'not ours' },
    ]);
    await stream.sync();
    const put = { key: '/f/b', value: Buffer.from('2'), modRevision: revision };
    expect(receiver.batches).toEqual([
      { revision, puts: [put], deletes: ['/f/a'], collapsed: false },
    ]);
  });

  it('has delivered at a barrier all that was written before it', async () => {
    const store = new FakeKeyValueStore();
    const { stream, receiver } = streamOn(store);
    await stream.start();
    for (let n = 0; n < 20; n += 1) {
      await write(store, [{ kind: 'put', key: '/f/n', value: String(n) }]);
      const revision = await stream.sync();
      expect(receiver.state.get('/f/n')).toBe(String(n));
      expect(stream.revision).toBeGreaterThanOrEqual(revision);
    }
    await Promise.all([stream.sync(), stream.sync(), stream.sync()]);
  });

  it('fails a barrier in time while etcd is away, and reaches one afterwards', async () => {
    const store = new FakeKeyValueStore();
    const { stream } = streamOn(store);
    await stream.start();
    store.setOutage(true);
    await expect(stream.sync({ timeoutMs: 50 })).rejects.toMatchObject({ kind: 'not-done' });
    store.setOutage(false);
    await stream.sync();
    stream.close();
    await expect(stream.sync()).rejects.toMatchObject({ kind: 'not-done' });
  });

  it('ends where a plain reading ends, over any changes and lost histories', async () => {
    const key = fc.constantFrom('/f/a', '/f/b', '/f/c', '/g/a');
    const step = fc.oneof(
      {
        weight: 5,
        arbitrary: fc.record({ kind: fc.constant('put' as const), key, value: fc.string() }),
      },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('delete' as const), key }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'gap' as const }) },
      { weight: 1, arbitrary: fc.constant({ kind: 'turn' as const }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 40 }), async (steps) => {
        const store = new FakeKeyValueStore();
        const { stream, receiver } = streamOn(store);
        await stream.start();
        for (const each of steps) {
          if (each.kind === 'turn') await turn();
          else if (each.kind === 'gap') store.breakWatches();
          else await write(store, [each]);
        }
        await stream.sync();
        const { items } = await store.list('/f/');
        const facts = items.filter((item) => !item.key.startsWith('/f/.sync/'));
        expect(Object.fromEntries(receiver.state)).toEqual(
          Object.fromEntries(facts.map((item) => [item.key, item.value])),
        );
        stream.close();
      }),
      { numRuns: 100 },
    );
  });

  it('delivers nothing after it was closed', async () => {
    const store = new FakeKeyValueStore();
    const { stream, receiver } = streamOn(store);
    await stream.start();
    stream.close();
    await write(store, [{ kind: 'put', key: '/f/a', value: '1' }]);
    await turn();
    expect(receiver.batches).toEqual([]);
  });
});
