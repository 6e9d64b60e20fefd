// Nodes: the record of who belongs to the cluster, joined with what this node observes of itself.
import { Inject, Injectable } from '@nestjs/common';
import type { Condition, ListQuery, Node, Page } from '@cairn/contracts';
import { NodeEntity, type NodeRow } from '@cairn/persistence';
import { hasProcess, type AccelerationReport, type VmRuntime } from '@cairn/vm-runtime';
import { ChangeFeed } from '../events/change-feed';
import { ChangeLog } from '../events/change-log';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { pageOf } from '../platform/lists';
import { ProblemError } from '../platform/problem';
import { ACCELERATION, VM_RUNTIME } from '../platform/tokens';
import { VERSION } from '../platform/version';
import { StorageFacts } from '../volumes/storage-facts';
import { ClusterPlane } from './cluster-plane';
import { NodeFacts } from './node-facts';
import { qemuVersion } from './qemu-version';

@Injectable()
export class NodesService {
  readonly #startedAt = new Date().toISOString();

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly feed: ChangeFeed,
    private readonly facts: NodeFacts,
    private readonly plane: ClusterPlane,
    private readonly storage: StorageFacts,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(ACCELERATION) private readonly acceleration: AccelerationReport,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {
    feed.registerTopic('nodes', async (id) => {
      const row = await this.#find(id);
      return row === null ? null : this.#view(row);
    });
  }

  /** Records this node at start, and its new name or address when they have changed. */
  async registerSelf(): Promise<void> {
    const { nodeId: id, nodeName: name, listen } = this.environment;
    const address = `${listen.host}:${listen.port}`;
    await this.database.transaction(async (manager) => {
      const row = await manager.findOneBy(NodeEntity, { id });
      if (row?.name === name && row.address === address) return;
      const now = new Date();
      const revision = await this.changes.record(manager, {
        topic: 'nodes',
        kind: 'upsert',
        resourceId: id,
      });
      const createdAt = row?.createdAt ?? now;
      await manager.save(NodeEntity, { id, name, address, createdAt, updatedAt: now, revision });
    });
  }

  async list(query: ListQuery): Promise<Page<Node>> {
    const revision = this.feed.revision;
    const rows = await this.database.read((manager) => manager.find(NodeEntity));
    const views = await Promise.all(rows.map((row) => this.#view(row)));
    return pageOf(views, query, { revision, defaultSort: 'name' });
  }

  async get(id: string): Promise<Node> {
    const row = await this.#find(id);
    if (row === null) throw new ProblemError('node.notFound', 'There is no such node.');
    return this.#view(row);
  }

  async #find(id: string): Promise<NodeRow | null> {
    return this.database.read((manager) => manager.findOneBy(NodeEntity, { id }));
  }

  async #view(row: NodeRow): Promise<Node> {
    const memory = this.facts.memory();
    const running = this.runtime.list().filter(({ state }) => hasProcess(state)).length;
    return {
      id: row.id,
      createdAt: row.createdAt.toISOString(),
      updatedAt: row.updatedAt.toISOString(),
      revision: row.revision,
      name: row.name,
      address: row.address,
      version: VERSION,
      schedulable: true,
      cpu: {
        model: this.facts.cpuModel,
        coresTotal: this.facts.cores,
        threadsTotal: this.facts.threads,
      },
      memoryTotalBytes: memory.totalBytes,
      status: {
        state: 'online',
        conditions: await this.#conditions(),
        accelerator: {
          kind: this.acceleration.accelerator,
          kvm: this.acceleration.verdict,
          reason: this.acceleration.reason,
        },
        privileged: this.facts.privileged,
        kernelVersion: this.facts.kernelVersion,
        qemuVersion: await qemuVersion(),
        uefi: this.facts.uefi,
        bridges: this.facts.bridges(),
        uptimeSeconds: this.facts.uptimeSeconds,
        cpuUsedRatio: this.facts.cpuUsedRatio(),
        memoryUsedBytes: memory.totalBytes - memory.availableBytes,
        vmsRunning: running,
      },
    };
  }

  async #conditions(): Promise<Condition[]> {
    const { quorum } = await this.plane.state();
    const reachable = (await this.storage.snapshotOrNull()) !== null;
    const accelerated = this.acceleration.accelerator === 'kvm';
    const since = this.#startedAt;
    return [
      {
        type: 'StorageReachable',
        status: reachable ? 'true' : 'false',
        reason: reachable ? 'Answers' : 'NoAnswer',
        message: reachable ? 'The storage service answers.' : 'The storage service is silent.',
        since,
      },
      {
        type: 'Quorum',
        status: quorum ? 'true' : 'false',
        reason: quorum ? 'Agrees' : 'NoAnswer',
        message: quorum ? 'etcd agrees on changes.' : 'etcd does not answer.',
        since,
      },
      {
        type: 'HardwareVirtualisation',
        status: accelerated ? 'true' : 'false',
        reason: this.acceleration.verdict,
        message: this.acceleration.reason,
        since,
      },
    ];
  }
}
