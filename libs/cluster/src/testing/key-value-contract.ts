/** What every KeyValueStore must do; run against the fake and against a real etcd. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeyValueStore, Operation, WatchEvent } from '../key-value-store';

interface Subject {
  readonly store: KeyValueStore;
  readonly dispose: () => Promise<void>;
}

function keyOf(event: WatchEvent): string {
  return event.kind === 'put' ? `+${event.item.key}=${event.item.value}` : `-${event.key}`;
}

/** Collects a watch's events and waits for a number of them. */
class Listener {
  readonly events: WatchEvent[] = [];
  gaps = 0;
  private wake: () => void = () => undefined;

  readonly onEvents = (events: readonly WatchEvent[]): void => {
    this.events.push(...events);
    this.wake();
  };

  readonly onGap = (): void => {
    this.gaps += 1;
    this.wake();
  };

  async until(count: number): Promise<string[]> {
    while (this.events.length < count) {
      await new Promise<void>((resolve) => {
        this.wake = resolve;
      });
    }
    return this.events.map(keyOf);
  }
}

export function keyValueContract(name: string, make: () => Promise<Subject>): void {
  describe(`${name} as a KeyValueStore`, () => {
    let subject: Subject;
    let store: KeyValueStore;
    let directory = 0;
    const fresh = (): string => `/test/${(directory += 1)}/`;

    /** Compared with what is there, so that an attempt that is repeated changes nothing twice. */
    const change = async (operation: Operation): Promise<void> => {
      const { key } = operation;
      const modRevision = (await store.get(key))?.modRevision ?? 0;
      const done = await store.transact({ compare: [{ key, modRevision }], then: [operation] });
      expect(done.committed).toBe(true);
    };
    const put = (key: string, value: string): Promise<void> => change({ kind: 'put', key, value });

    beforeAll(async () => {
      subject = await make();
      store = subject.store;
    });
    afterAll(async () => {
      await subject.dispose();
    });

    it('gives null for a key that does not exist', async () => {
      expect(await store.get('/none')).toBeNull();
    });

    it('gives back what was put, with the revision of the put', async () => {
      const key = `${fresh()}a`;
      const result = await store.transact({
        compare: [{ key, modRevision: 0 }],
        then: [{ kind: 'put', key, value: 'grüße' }],
      });
      expect(result.committed).toBe(true);
      expect(await store.get(key)).toMatchObject({
        key,
        value: 'grüße',
        modRevision: result.revision,
        createRevision: result.revision,
        lease: 0n,
      });
    });

    it('changes nothing when a comparison fails', async () => {
      const prefix = fresh();
      await put(`${prefix}a`, '1');
      const result = await store.transact({
        compare: [
          { key: `${prefix}a`, modRevision: 0 },
          { key: `${prefix}b`, modRevision: 0 },
        ],
        then: [
          { kind: 'put', key: `${prefix}b`, value: '2' },
          { kind: 'delete', key: `${prefix}a` },
        ],
      });
      expect(result.committed).toBe(false);
      expect((await store.list(prefix)).items.map((item) => item.value)).toEqual(['1']);
    });

    it('keeps bytes that are no text', async () => {
      const key = `${fresh()}a`;
      const value = Buffer.from([0, 1, 0xff, 0xfe, 0x80, 0]);
      await store.transact({ compare: [], then: [{ kind: 'put', key, value }] });
      expect((await store.get(key))?.bytes).toEqual(value);
    });

    it('reads in an attempt what stands in its way', async () => {
      const prefix = fresh();
      const [a, b] = [`${prefix}a`, `${prefix}b`];
      const attempt = (value: string) =>
        store.attempt({
          compare: [{ key: a, modRevision: 0 }],
          then: [{ kind: 'put', key: a, value }],
          elseRead: [a, b],
        });
      const first = await attempt('1');
      expect(first).toMatchObject({ committed: true, found: [] });
      const second = await attempt('2');
      expect(second.committed).toBe(false);
      expect(second.found).toMatchObject([{ key: a, value: '1', modRevision: first.revision }]);
    });

    it('lets exactly one of many racing writers win', async () => {
      const key = `${fresh()}a`;
      const results = await Promise.all(
        Array.from({ length: 20 }, (_, writer) =>
          store.transact({
            compare: [{ key, modRevision: 0 }],
            then: [{ kind: 'put', key, value: `writer ${writer}` }],
          }),
        ),
      );
      expect(results.filter((result) => result.committed)).toHaveLength(1);
    });

    it('lists a prefix in order and nothing beside it', async () => {
      const prefix = fresh();
      for (const key of ['b', 'a', 'c/d']) await put(`${prefix}${key}`, key);
      await put(`${prefix.slice(0, -1)}0`, 'neighbour');
      const { items } = await store.list(prefix);
      expect(items.map((item) => item.value)).toEqual(['a', 'b', 'c/d']);
    });

    it('lists more keys than one page holds', async () => {
      const prefix = fresh();
      for (let part = 0; part < 12; part += 1) {
        await store.transact({
          compare: [],
          then: Array.from({ length: 100 }, (_, at) => ({
            kind: 'put' as const,
            key: `${prefix}${String(part * 100 + at).padStart(5, '0')}`,
            value: 'x',
          })),
        });
      }
      const { items } = await store.list(prefix);
      expect(items).toHaveLength(1200);
      expect(new Set(items.map((item) => item.key)).size).toBe(1200);
    });

    it('tells a watch the past after its revision and then the present, in order', async () => {
      const prefix = fresh();
      await put(`${prefix}before`, '0');
      const { revision } = await store.list(prefix);
      await put(`${prefix}a`, '1');
      const listener = new Listener();
      const watch = store.watch({ prefix, afterRevision: revision }, listener);
      await listener.until(1);
      await put(`${prefix}a`, '2');
      await put(`/elsewhere${prefix}`, 'x');
      await change({ kind: 'delete', key: `${prefix}a` });
      expect(await listener.until(3)).toEqual([`+${prefix}a=1`, `+${prefix}a=2`, `-${prefix}a`]);
      watch.close();
    });

    it('tells a closed watch nothing', async () => {
      const prefix = fresh();
      const { revision } = await store.list(prefix);
      const [closed, open] = [new Listener(), new Listener()];
      store.watch({ prefix, afterRevision: revision }, closed).close();
      const watch = store.watch({ prefix, afterRevision: revision }, open);
      await put(`${prefix}a`, '1');
      await open.until(1);
      expect(closed.events).toEqual([]);
      watch.close();
    });

    it('drops the keys of a revoked lease', async () => {
      const key = `${fresh()}alive`;
      const lease = await store.grantLease(3);
      expect(lease.remainingMs()).toBeGreaterThan(2000);
      await store.transact({
        compare: [],
        then: [{ kind: 'put', key, value: '1', lease: lease.id }],
      });
      expect((await store.get(key))?.lease).toBe(lease.id);
      await lease.revoke();
      expect(lease.lost.aborted).toBe(true);
      expect(lease.remainingMs()).toBe(0);
      expect(await store.get(key)).toBeNull();
    });

    it('ends a call whose signal is aborted', async () => {
      await expect(store.get('/a', { signal: AbortSignal.abort() })).rejects.toMatchObject({
        kind: 'cancelled',
      });
    });
  });
}
