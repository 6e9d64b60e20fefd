import { randomBytes, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SECRET_BYTES } from '../join/join-token';
import { TokenRegister } from '../join/token-register';
import type { KeyValueStore } from '../key-value-store';
import type { NodeRecord } from '../records';
import { EtcdCluster } from '../testing/etcd-cluster';
import { LeaderElection, type Leadership } from './leader-election';
import { LiveNodes } from './live-nodes';
import { NodeMembership, type MembershipState } from './node-membership';

const recordOf = (name: string): NodeRecord => ({
  schema: 1,
  ...{ name, version: '0.1.0', startedAt: new Date().toISOString() },
  ...{ bootId: randomUUID(), life: randomUUID() },
  ...{ addresses: { management: '127.0.0.1', storage: '127.0.0.1' }, services: {} },
});

describe('nodes on three etcd members', () => {
  let cluster: EtcdCluster;
  beforeAll(async () => {
    cluster = await EtcdCluster.start(3);
  });
  afterAll(() => cluster.stop());

  const join = (store: KeyValueStore, nodeId: string) => {
    const states: { state: MembershipState; at: number }[] = [];
    const membership = new NodeMembership({
      store,
      nodeId,
      record: recordOf(nodeId),
      onState: (state) => states.push({ state, at: performance.now() }),
    });
    membership.start();
    return { membership, states };
  };
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await delay(5);
  };

  it('let one of twenty joiners in with one token', async () => {
    const stores = [cluster.store(), cluster.store()];
    const secret = randomBytes(SECRET_BYTES);
    const now = new Date();
    const expiresAt = new Date(now.getTime() + 60_000);
    const registers = stores.map((store) => new TokenRegister(store));
    await registers[0]?.add({ id: randomUUID(), secret, expiresAt, approved: true, now });
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, at) => {
        const keyFingerprint = randomBytes(32).toString('hex');
        const joiner = { nodeId: randomUUID(), keyFingerprint };
        return registers[at % 2]?.redeem({ secret, joiner, now });
      }),
    );
    expect(answers.filter((answer) => answer?.kind === 'redeemed')).toHaveLength(1);
    const refused = answers.filter((answer) => answer?.kind === 'refused');
    expect(refused.every((answer) => answer.reason === 'used')).toBe(true);
  });

  it('keep their place while an etcd leader dies', async () => {
    const { membership, states } = join(cluster.store(), randomUUID());
    await until(() => states.length === 1);
    const lease = membership.lease;
    const leader = await cluster.leader();
    await leader.kill();
    await delay(4000);
    await leader.launch();
    expect(states.map(({ state }) => state)).toEqual(['present']);
    expect(membership.lease?.id).toBe(lease?.id);
    await membership.stop();
  });

  it('are told of doubt and loss while etcd hangs, come back, and hand over the lead', async () => {
    const [a, b] = [randomUUID(), randomUUID()];
    const gone: { id: string; at: number }[] = [];
    const observer = cluster.store();
    const nodes = new LiveNodes({
      store: observer,
      session: 'observer',
      life: randomUUID(),
      onChange: ({ kind, nodeId }) => {
        if (kind === 'gone') gone.push({ id: nodeId, at: performance.now() });
      },
    });
    await nodes.start();
    const first = join(cluster.store(), a);
    const second = join(cluster.store(), b);
    const leaderships: (Leadership & { id: string; at: number })[] = [];
    const elections = [
      { id: a, membership: first.membership },
      { id: b, membership: second.membership },
    ].map(({ id, membership }) => {
      const onElected = (leadership: Leadership): void => {
        leaderships.push({ ...leadership, id, at: performance.now() });
      };
      const store = cluster.store();
      return new LeaderElection({ store, membership, nodeId: id, life: randomUUID(), onElected });
    });
    elections[0]?.start();
    await until(() => leaderships.length === 1);
    elections[1]?.start();
    await until(() => nodes.nodes.size === 2 && elections[1]?.leaderId === a);

    const stoppedAt = performance.now();
    for (const member of cluster.members) member.pause();
    await until(() => first.states.some(({ state }) => state === 'absent'));
    for (const member of cluster.members) member.resume();
    const [doubt, loss] = [first.states[1], first.states[2]];
    expect([doubt?.state, loss?.state]).toEqual(['doubtful', 'absent']);
    expect(leaderships[0]?.signal.aborted).toBe(true);
    const after = (at: number | undefined): number => (at ?? 0) - stoppedAt;
    // Beats are sent every second: the last one was confirmed up to a second before the stop.
    expect(after(loss?.at)).toBeLessThanOrEqual(3100);
    expect(after(loss?.at) - after(doubt?.at)).toBeGreaterThan(800);
    console.info(
      `after etcd hung: doubt ${after(doubt?.at).toFixed(0)} ms, loss ${after(loss?.at).toFixed(0)} ms`,
    );
    await until(() => first.states.at(-1)?.state === 'present' && leaderships.length >= 2);

    const leading = leaderships.at(-1);
    const steppedDownAt = performance.now();
    const at = leading?.id === a ? 0 : 1;
    await elections[at]?.stop();
    await until(() => leaderships.at(-1)?.id !== leading?.id);
    const handOver = (leaderships.at(-1)?.at ?? 0) - steppedDownAt;
    console.info(`hand-over of the lead: ${handOver.toFixed(0)} ms`);
    const fences = leaderships.map(({ fence }) => fence.modRevision);
    expect(fences).toEqual([...fences].sort((x, y) => x - y));
    expect(new Set(fences).size).toBe(fences.length);

    await elections[1 - at]?.stop();
    gone.length = 0;
    const stopped = performance.now();
    await Promise.all([first.membership.stop(), second.membership.stop()]);
    await until(() => gone.length === 2);
    expect((gone[1]?.at ?? 0) - stopped).toBeLessThan(2000);
    nodes.close();
  });

  it('see a node vanish whose process hangs, when its lease has ended', async () => {
    const gone: number[] = [];
    const nodes = new LiveNodes({
      store: cluster.store(),
      session: 'observer',
      life: randomUUID(),
      onChange: ({ kind }) => {
        if (kind === 'gone') gone.push(performance.now());
      },
    });
    await nodes.start();
    // A client that closes without a word leaves its lease as a hung process does.
    const store = cluster.store();
    const { states } = join(store, randomUUID());
    await until(() => states.length === 1 && nodes.nodes.size === 1);
    const silentAt = performance.now();
    store.close();
    await until(() => gone.length === 1);
    const vanished = (gone[0] ?? 0) - silentAt;
    console.info(`a silent node vanished for others after ${vanished.toFixed(0)} ms`);
    expect(vanished).toBeGreaterThan(1900);
    expect(vanished).toBeLessThan(6000);
    nodes.close();
  });
});
