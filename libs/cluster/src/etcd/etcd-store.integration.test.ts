import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { EtcdProcess } from '../testing/etcd-process';
import { keyValueContract } from '../testing/key-value-contract';
import type { WatchEvent } from '../key-value-store';
import { ETCD_TRANSACTION_OPERATIONS_MAX } from './etcd-arguments';
import { EtcdStore } from './etcd-store';

keyValueContract('etcd', async () => {
  const etcd = await EtcdProcess.start();
  const store = new EtcdStore({ endpoints: [etcd.endpoint] });
  return {
    store,
    dispose: async () => {
      store.close();
      await etcd.stop();
    },
  };
});

describe('EtcdStore', () => {
  let etcd: EtcdProcess;
  beforeAll(async () => {
    etcd = await EtcdProcess.start();
  });
  afterAll(async () => {
    await etcd.stop();
  });

  it('gives up as unavailable within its deadline when nobody listens', async () => {
    const store = new EtcdStore({ endpoints: ['127.0.0.1:1'], timeoutMs: 400 });
    const before = performance.now();
    await expect(store.get('/a')).rejects.toMatchObject({ kind: 'unavailable' });
    expect(performance.now() - before).toBeLessThan(2000);
    store.close();
  });

  it('goes on to the next member when one is silent', async () => {
    const silent = createServer().listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    const store = new EtcdStore({ endpoints: [`127.0.0.1:${address.port}`, etcd.endpoint] });
    expect(await store.get('/a')).toBeNull();
    store.close();
    silent.close();
  });

  it('rides through a restart of its only member, watches included', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint], timeoutMs: 15_000 });
    const { revision } = await store.list('/ride/');
    const seen: WatchEvent[] = [];
    const watch = store.watch(
      { prefix: '/ride/', afterRevision: revision },
      {
        onEvents: (events) => seen.push(...events),
        onGap: () => {
          throw new Error('nothing was compacted');
        },
      },
    );
    const put = (value: string) =>
      store.transact({ compare: [], then: [{ kind: 'put', key: '/ride/a', value }] });
    await put('1');
    await etcd.kill();
    const during = put('2');
    await etcd.run();
    expect((await during).committed).toBe(true);
    await put('3');
    while (!seen.some((event) => event.kind === 'put' && event.item.value === '3')) await delay(5);
    const values = seen.map((event) => (event.kind === 'put' ? event.item.value : '-'));
    // A repeated unconditional put may show twice; none may be missing or out of order.
    expect([...new Set(values)]).toEqual(['1', '2', '3']);
    watch.close();
    store.close();
  });

  it('keeps a lease alive beyond its time to live and loses it when etcd is gone for longer', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint] });
    const lease = await store.grantLease(1);
    await store.transact({
      compare: [],
      then: [{ kind: 'put', key: '/alive', value: '1', lease: lease.id }],
    });
    await delay(2500);
    expect(lease.lost.aborted).toBe(false);
    expect(await store.get('/alive')).not.toBeNull();
    await etcd.kill();
    const before = performance.now();
    if (!lease.lost.aborted) await once(lease.lost, 'abort');
    expect(performance.now() - before).toBeLessThan(3000);
    await etcd.run();
    store.close();
  });

  it('tells a watch that begins before the compacted past about the gap', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint] });
    for (const value of ['1', '2', '3']) {
      await store.transact({ compare: [], then: [{ kind: 'put', key: '/gap/a', value }] });
    }
    const { revision } = await store.list('/gap/');
    const response = await fetch(`http://${etcd.endpoint}/v3/kv/compaction`, {
      method: 'POST',
      body: JSON.stringify({ revision: String(revision) }),
    });
    expect(response.status).toBe(200);
    await new Promise<void>((resolve) => {
      store.watch(
        { prefix: '/gap/', afterRevision: 1 },
        { onEvents: () => undefined, onGap: resolve },
      );
    });
    store.close();
  });

  it('reports what etcd refuses without trying again', async () => {
    const store = new EtcdStore({ endpoints: [etcd.endpoint] });
    const tooMany = Array.from({ length: ETCD_TRANSACTION_OPERATIONS_MAX + 1 }, (_, at) => ({
      kind: 'put' as const,
      key: `/many/${at}`,
      value: 'x',
    }));
    await expect(store.transact({ compare: [], then: tooMany })).rejects.toMatchObject({
      kind: 'refused',
    });
    store.close();
  });
});
