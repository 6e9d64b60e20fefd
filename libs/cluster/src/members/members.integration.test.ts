import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EtcdStore } from '../etcd/etcd-store';
import { EtcdCluster } from '../testing/etcd-cluster';
import { MemberEndpoints } from './member-endpoints';
import { MemberKeeper, ownMember } from './member-keeper';
import type { MemberNode, NodePresence } from './plan-members';

/** A small cluster manager: one turn of the keeper after another, and nodes that start what was added for them. */
class Nodes {
  readonly nodes: MemberNode[] = [];
  readonly steps: string[] = [];
  private readonly keeper: MemberKeeper;

  constructor(
    private readonly cluster: EtcdCluster,
    private readonly store: EtcdStore,
  ) {
    this.keeper = new MemberKeeper(store.members);
  }

  async add(): Promise<MemberNode> {
    const { name, peerUrl } = await this.cluster.prepare();
    const node: MemberNode = {
      ...{ id: name, peerUrl, failureDomain: name },
      ...{ presence: 'alive', leaving: false },
    };
    this.nodes.push(node);
    return node;
  }

  change(id: string, change: { presence?: NodePresence; leaving?: boolean }): void {
    const at = this.nodes.findIndex((node) => node.id === id);
    const node = this.nodes[at];
    if (node === undefined) throw new Error(`no node ${id}`);
    this.nodes[at] = { ...node, ...change };
  }

  /** Runs turns until nothing is left to do. */
  async settle(): Promise<void> {
    const endpoints = new MemberEndpoints({ store: this.store, onChange: () => undefined });
    for (;;) {
      const turn = await this.keeper.turn(this.nodes);
      await endpoints.refresh();
      if (turn.kind === 'settled') return;
      if (turn.kind === 'acted') {
        const { step } = turn;
        this.steps.push(`${step.kind} ${this.nodes.findIndex(({ id }) => id === step.nodeId)}`);
      }
      await this.startAdded();
      if (turn.kind === 'waiting') await delay(100);
    }
  }

  private async startAdded(): Promise<void> {
    const members = await this.store.members.list();
    for (const { id, peerUrl } of this.nodes) {
      const own = ownMember(members, { nodeId: id, peerUrl });
      const process = this.cluster.member(id);
      if (own.kind === 'start' && !process.running) {
        await process.launch({ initialCluster: own.initialCluster, state: 'existing' });
      }
      if (own.kind === 'none' && process.running) await process.kill();
    }
  }
}

describe('etcd members of a cluster that grows', () => {
  let cluster: EtcdCluster;
  let store: EtcdStore;
  let nodes: Nodes;
  const roles = async (): Promise<string> =>
    (await store.members.list())
      .map(
        ({ name, isLearner }) =>
          `${nodes.nodes.findIndex(({ id }) => id === name)}${isLearner ? ' learns' : ''}`,
      )
      .sort()
      .join(', ');

  beforeAll(async () => {
    cluster = await EtcdCluster.create();
    const first = await cluster.prepare();
    await first.launch();
    store = cluster.store();
    await first.untilAnswered(() => store.get('/', { timeoutMs: 1000 }));
    nodes = new Nodes(cluster, store);
    nodes.nodes.push({
      ...{ id: first.name, peerUrl: first.peerUrl, failureDomain: 'first' },
      ...{ presence: 'alive', leaving: false },
    });
    await store.transact({ compare: [], then: [{ kind: 'put', key: '/kept', value: 'x' }] });
  });
  afterAll(() => cluster.stop());

  it('are one, then one and a learner, then three, and never rest at two', async () => {
    await nodes.settle();
    expect(await roles()).toBe('0');
    await nodes.add();
    await nodes.settle();
    expect(await roles()).toBe('0, 1 learns');
    expect(store.endpoints).toEqual([cluster.members[0]?.endpoint]);
    await nodes.add();
    await nodes.settle();
    expect(await roles()).toBe('0, 1, 2');
    expect(nodes.steps).toEqual(['add-learner 1', 'promote 1', 'add-learner 2', 'promote 2']);
    expect([...store.endpoints].sort()).toEqual([...cluster.endpoints].sort());
  });

  it('replace one that died by a spare node, and know all that was written', async () => {
    nodes.steps.length = 0;
    const [first] = nodes.nodes;
    const dead = cluster.member(first?.id ?? '');
    await dead.kill();
    nodes.change(dead.name, { presence: 'dead' });
    await nodes.settle();
    expect(await roles()).toBe('0, 1, 2');
    await nodes.add();
    await nodes.settle();
    expect(nodes.steps).toEqual(['remove 0', 'add-learner 3', 'promote 3']);
    expect(await roles()).toBe('1, 2, 3');
    const fresh = cluster.store([cluster.members[3]?.endpoint ?? '']);
    expect((await fresh.get('/kept'))?.value).toBe('x');
  });

  it('take a node back that was removed, with empty data', async () => {
    nodes.steps.length = 0;
    const [first, second] = nodes.nodes;
    nodes.change(first?.id ?? '', { presence: 'alive' });
    nodes.change(second?.id ?? '', { leaving: true });
    await nodes.settle();
    expect(nodes.steps).toEqual(['add-learner 0', 'promote 0', 'remove 1']);
    expect(await roles()).toBe('0, 2, 3');
    expect((await store.get('/kept'))?.value).toBe('x');
  });
});
