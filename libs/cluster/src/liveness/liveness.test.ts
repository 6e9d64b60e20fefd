import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from '../fake-key-value-store';
import { formatRecord, recordKeys, type NodeRecord } from '../records';
import { LeaderElection, type Leadership } from './leader-election';
import { LiveNodes, type NodeChange } from './live-nodes';
import { NodeMembership, type MembershipState } from './node-membership';

const A = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001';
const B = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002';
const record = (name: string): NodeRecord => ({
  schema: 1,
  name,
  version: '0.1.0',
  startedAt: '2026-11-21T12:00:00Z',
  bootId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0b001',
  life: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0c001',
  addresses: { management: '10.0.0.1', storage: '10.1.0.1' },
  services: { api: '10.0.0.1:8443' },
});

class Node {
  readonly states: MembershipState[] = [];
  readonly leaderships: Leadership[] = [];
  readonly leaders: (string | null)[] = [];
  readonly membership: NodeMembership;
  readonly election: LeaderElection;

  constructor(store: FakeKeyValueStore, id: string) {
    this.membership = new NodeMembership({
      store,
      nodeId: id,
      record: record(id),
      onState: (state) => this.states.push(state),
    });
    this.election = new LeaderElection({
      store,
      membership: this.membership,
      nodeId: id,
      life: id,
      onElected: (leadership) => this.leaderships.push(leadership),
      onLeader: (nodeId) => this.leaders.push(nodeId),
    });
  }

  async start(): Promise<void> {
    this.membership.start();
    this.election.start();
    await until(() => this.election.leaderId !== null);
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await turn();
}

describe('NodeMembership', () => {
  it('puts the record under the lease, and takes it away when it stops', async () => {
    const store = new FakeKeyValueStore();
    const { membership, states } = new Node(store, A);
    expect(membership.lease).toBeNull();
    membership.start();
    const lease = await membership.present(new AbortController().signal);
    const item = await store.get(recordKeys.node(A));
    expect(item?.value).toBe(formatRecord(record(A)));
    expect(item?.lease).toBe(lease?.id);
    await membership.stop();
    expect(await store.get(recordKeys.node(A))).toBeNull();
    expect(states).toEqual(['present', 'absent']);
  });

  it('is absent at the moment that the lease is lost, and comes back with another', async () => {
    const store = new FakeKeyValueStore();
    const { membership, states } = new Node(store, A);
    membership.start();
    const never = new AbortController().signal;
    const first = await membership.present(never);
    await first?.revoke();
    expect(membership.state).toBe('absent');
    expect(membership.lease).toBeNull();
    const second = await membership.present(never);
    expect(second?.id).not.toBe(first?.id);
    expect(states).toEqual(['present', 'absent', 'present']);
    await membership.stop();
  });

  it('comes when etcd comes', async () => {
    const store = new FakeKeyValueStore();
    store.setOutage(true);
    const { membership } = new Node(store, A);
    membership.start();
    await turn();
    expect(membership.state).toBe('absent');
    store.setOutage(false);
    await membership.present(new AbortController().signal);
    await membership.stop();
  });

  it('replaces its record under the same lease', async () => {
    const store = new FakeKeyValueStore();
    const { membership } = new Node(store, A);
    membership.start();
    const lease = await membership.present(new AbortController().signal);
    await membership.update(record('renamed'));
    const item = await store.get(recordKeys.node(A));
    expect(item?.value).toBe(formatRecord(record('renamed')));
    expect(item?.lease).toBe(lease?.id);
    await membership.stop();
  });

  it('gives those who wait for it null when they give up', async () => {
    const store = new FakeKeyValueStore();
    store.setOutage(true);
    const { membership } = new Node(store, A);
    membership.start();
    const patience = new AbortController();
    const waiting = membership.present(patience.signal);
    patience.abort();
    expect(await waiting).toBeNull();
    await membership.stop();
  });
});

describe('LeaderElection', () => {
  it('elects one of two, and the other when the first steps down', async () => {
    const store = new FakeKeyValueStore();
    const [a, b] = [new Node(store, A), new Node(store, B)];
    await a.start();
    await b.start();
    expect([a.leaderships.length, b.leaderships.length]).toEqual([1, 0]);
    expect(b.election.leaderId).toBe(A);
    await a.election.stop();
    expect(a.leaderships[0]?.signal.aborted).toBe(true);
    await until(() => b.leaderships.length === 1);
    expect(b.leaders).toEqual([A, null, B]);
    await Promise.all([b.election.stop(), a.membership.stop(), b.membership.stop()]);
    expect(await store.get(recordKeys.leader)).toBeNull();
  });

  it('gives a fence that holds for this leadership only', async () => {
    const store = new FakeKeyValueStore();
    const [a, b] = [new Node(store, A), new Node(store, B)];
    await a.start();
    await b.start();
    const act = (leadership: Leadership | undefined) =>
      store.transact({
        compare: leadership === undefined ? [] : [leadership.fence],
        then: [{ kind: 'put', key: '/act', value: 'x' }],
      });
    expect((await act(a.leaderships[0])).committed).toBe(true);
    // The lease is lost; the leader does not know it yet, for it hangs.
    await a.membership.lease?.revoke();
    await until(() => b.leaderships.length === 1);
    expect(a.leaderships[0]?.signal.aborted).toBe(true);
    expect((await act(a.leaderships[0])).committed).toBe(false);
    expect((await act(b.leaderships[0])).committed).toBe(true);
    const revisions = [a, b].map(({ leaderships: [first] }) => first?.fence.modRevision ?? 0);
    expect(revisions[1]).toBeGreaterThan(revisions[0] ?? 0);
    for (const { election, membership } of [a, b]) {
      await election.stop();
      await membership.stop();
    }
  });

  it('ends a leadership whose record somebody removed, and runs again', async () => {
    const store = new FakeKeyValueStore();
    const a = new Node(store, A);
    await a.start();
    await store.transact({ compare: [], then: [{ kind: 'delete', key: recordKeys.leader }] });
    await until(() => a.leaderships.length === 2);
    expect(a.leaderships.map(({ signal }) => signal.aborted)).toEqual([true, false]);
    await a.election.stop();
    await a.membership.stop();
  });

  it('knows itself elected when the answer was lost', async () => {
    const store = new FakeKeyValueStore();
    const a = new Node(store, A);
    a.membership.start();
    const lease = await a.membership.present(new AbortController().signal);
    const value = formatRecord({ schema: 1, ...{ nodeId: A, life: A } });
    const put = { kind: 'put' as const, key: recordKeys.leader, value, lease: lease?.id ?? 0n };
    const { revision } = await store.transact({ compare: [], then: [put] });
    a.election.start();
    await until(() => a.leaderships.length === 1);
    expect(a.leaderships[0]?.fence.modRevision).toBe(revision);
    await a.election.stop();
    await a.membership.stop();
  });
});

describe('LiveNodes', () => {
  it('tells who is alive and who is gone, in order, damaged records included', async () => {
    const store = new FakeKeyValueStore();
    const [a, b] = [new Node(store, A), new Node(store, B)];
    a.membership.start();
    await a.membership.present(new AbortController().signal);
    const changes: string[] = [];
    const nodes = new LiveNodes({
      store,
      session: 'test',
      life: 'test',
      onChange: (change: NodeChange) => {
        const known = change.kind === 'alive' ? String(change.record?.name) : '';
        changes.push(`${change.kind} ${change.nodeId.slice(-1)} ${known.slice(-1)}`);
      },
    });
    await nodes.start();
    b.membership.start();
    await until(() => changes.length === 2);
    await a.membership.stop();
    store.plant(recordKeys.node(A), 'damaged');
    await until(() => changes.length === 4);
    expect(changes).toEqual(['alive 1 1', 'alive 2 2', 'gone 1 ', 'alive 1 d']);
    expect([...nodes.nodes.keys()].sort()).toEqual([A, B]);
    expect(nodes.nodes.get(A)).toBeNull();
    nodes.close();
    await b.membership.stop();
  });
});
