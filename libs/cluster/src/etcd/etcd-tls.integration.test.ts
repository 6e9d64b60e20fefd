import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Server } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FactStream, type FactBatch } from '../facts/fact-stream';
import { FactSession } from '../facts/fact-session';
import { credentialsOf, EtcdCluster, newAuthority } from '../testing/etcd-cluster';
import { EtcdStore } from './etcd-store';

/** Makes a member answer at another address of the same port. */
async function forwardFrom(host: string, endpoint: string): Promise<Server> {
  const port = Number(endpoint.split(':').at(-1));
  const server = createServer((socket) => {
    const member = connect({ host: '127.0.0.1', port });
    for (const [one, other] of [[socket, member] as const, [member, socket] as const]) {
      one.on('error', () => other.destroy());
      one.pipe(other);
    }
  }).listen(port, host);
  await once(server, 'listening');
  return server;
}

describe('three etcd members under mutual TLS', () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterAll(() => cluster.stop());

  const put = (store: EtcdStore, key: string, value: string) =>
    store.transact({ compare: [], then: [{ kind: 'put', key, value }] });

  it('serve a client whose certificate is of their authority', async () => {
    const store = cluster.store();
    await put(store, '/tls/a', '1');
    expect((await store.get('/tls/a'))?.value).toBe('1');
    expect((await store.members.list()).map(({ name }) => name).sort()).toEqual(
      cluster.members.map(({ name }) => name).sort(),
    );
  });

  it('refuse a client whose certificate is of another authority, or that has none', async () => {
    const stranger = await credentialsOf(await newAuthority(), randomUUID());
    const { authorityPem } = cluster.credentials;
    const foreign = { ...stranger, authorityPem };
    for (const credentials of [{ credentials: foreign }, { credentials: stranger }, {}]) {
      const { endpoints } = cluster;
      const store = new EtcdStore({ endpoints, timeoutMs: 600, ...credentials });
      await expect(store.get('/tls/a')).rejects.toMatchObject({ kind: 'unavailable' });
      store.close();
    }
  });

  it('are believed only at the addresses of their certificates', async () => {
    const endpoints = cluster.endpoints.map((endpoint) =>
      endpoint.replace('127.0.0.1', '127.0.0.2'),
    );
    const proxies = await Promise.all(cluster.endpoints.map((to) => forwardFrom('127.0.0.2', to)));
    const { credentials } = cluster;
    const store = new EtcdStore({ endpoints, credentials, attemptTimeoutMs: 10_000 });
    // One attempt: what it fails with is not a deadline.
    await expect(store.attempt({ compare: [], then: [], elseRead: [] })).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining("IP: 127.0.0.2 is not in the cert's list") as string,
    });
    store.close();
    for (const proxy of proxies) proxy.close();
  });

  it('lose and double no event of a watch while leaders are killed under writes', async () => {
    const [writer, reader] = [cluster.store(), cluster.store()];
    const batches: FactBatch[] = [];
    const stream = new FactStream({
      store: reader,
      prefix: '/kills/',
      session: 'reader',
      life: randomUUID(),
      receiver: { onSnapshot: () => undefined, onBatch: (batch) => batches.push(batch) },
    });
    await stream.start();
    const session = new FactSession(writer, { session: 'writer', life: randomUUID() });
    const done: { value: string; revision: number }[] = [];
    const stalls: number[] = [];
    const stop = new AbortController();
    const writing = (async () => {
      for (let n = 0; !stop.signal.aborted; n += 1) {
        const before = performance.now();
        const value = String(n);
        const { succeeded, revision } = await session.transact(
          { compares: [], puts: [{ key: `/kills/${n % 7}`, value }], deletes: [] },
          { timeoutMs: 15_000 },
        );
        expect(succeeded).toBe(true);
        done.push({ value, revision });
        stalls.push(performance.now() - before);
        await delay(2);
      }
    })();
    const stallsAfterKill: number[] = [];
    for (let round = 0; round < 3; round += 1) {
      await delay(300);
      const leader = await cluster.leader();
      stalls.length = 0;
      await leader.kill();
      await delay(1500);
      stallsAfterKill.push(Math.max(...stalls));
      await leader.launch();
      await delay(700);
    }
    stop.abort();
    await writing;
    await stream.sync({ timeoutMs: 10_000 });
    const seen = batches.flatMap(({ revision, puts }) =>
      puts.map(({ value }) => ({ value: value.toString(), revision })),
    );
    expect(batches.some(({ collapsed }) => collapsed)).toBe(false);
    expect(seen).toEqual(done);
    console.info(
      `${done.length} puts, three leaders killed, stalls of a linearizable put: ` +
        stallsAfterKill.map((ms) => `${ms.toFixed(0)} ms`).join(', '),
    );
    for (const stall of stallsAfterKill) expect(stall).toBeLessThan(5000);
    stream.close();
  });

  it('are left by a watch whose member hangs', async () => {
    const hung = await cluster.leader();
    const others = cluster.endpoints.filter((endpoint) => endpoint !== hung.endpoint);
    const reader = cluster.store([hung.endpoint, ...others]);
    const seen: number[] = [];
    const stream = new FactStream({
      store: reader,
      prefix: '/hang/',
      session: 'reader',
      life: randomUUID(),
      receiver: { onSnapshot: () => undefined, onBatch: ({ revision }) => seen.push(revision) },
    });
    await stream.start();
    hung.pause();
    try {
      const before = performance.now();
      const { revision } = await put(cluster.store(others), '/hang/a', '1');
      while (seen.length === 0) await delay(10);
      console.info(`a hung member cost a watch ${(performance.now() - before).toFixed(0)} ms`);
      expect(seen).toEqual([revision]);
      expect(await stream.sync({ timeoutMs: 5000 })).toBeGreaterThan(revision);
    } finally {
      hung.resume();
    }
    stream.close();
  });
});
