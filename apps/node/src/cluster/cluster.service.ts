// The cluster: its name is stored, everything else is derived.
import { Inject, Injectable } from '@nestjs/common';
import type { Cluster, ClusterPatch } from '@cairn/contracts';
import {
  ClusterEntity,
  NodeEntity,
  VmEntity,
  VolumeEntity,
  type ClusterRow,
} from '@cairn/persistence';
import type { VmRuntime } from '@cairn/vm-runtime';
import { ChangeFeed } from '../events/change-feed';
import { ChangeLog } from '../events/change-log';
import { ClusterPlane } from '../nodes/cluster-plane';
import { NodeFacts } from '../nodes/node-facts';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { ProblemError } from '../platform/problem';
import { requireRevision } from '../platform/revisions';
import { VM_RUNTIME } from '../platform/tokens';
import { VERSION } from '../platform/version';
import { StorageFacts } from '../volumes/storage-facts';
import { clusterViewOf } from './cluster-view';

const FIRST_NAME = 'cairn';

@Injectable()
export class ClusterService {
  readonly #since = new Date().toISOString();

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly storage: StorageFacts,
    private readonly plane: ClusterPlane,
    private readonly node: NodeFacts,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
    feed: ChangeFeed,
  ) {
    feed.registerTopic('cluster', () => this.get());
  }

  /** Writes the cluster's row at the first start. */
  async ensure(): Promise<void> {
    const { clusterId: id } = this.environment;
    await this.database.transaction(async (manager) => {
      if ((await manager.findOneBy(ClusterEntity, { id })) !== null) return;
      const now = new Date();
      const revision = await this.changes.record(manager, {
        topic: 'cluster',
        kind: 'upsert',
        resourceId: id,
      });
      const row: ClusterRow = { id, name: FIRST_NAME, createdAt: now, updatedAt: now, revision };
      await manager.insert(ClusterEntity, row);
    });
  }

  async get(): Promise<Cluster> {
    const { clusterId: id } = this.environment;
    const rows = await this.database.read(async (manager) => ({
      cluster: await manager.findOneBy(ClusterEntity, { id }),
      nodes: await manager.find(NodeEntity),
      vms: await manager.find(VmEntity),
      volumes: await manager.find(VolumeEntity),
    }));
    const { cluster } = rows;
    if (cluster === null) throw new ProblemError('service.unavailable', 'The node is starting.');
    return clusterViewOf({
      ...rows,
      cluster,
      version: VERSION,
      running: this.runtime.list(),
      storage: await this.storage.snapshotOrNull(),
      quorum: (await this.plane.state()).quorum,
      threads: this.node.threads,
      memory: this.node.memory(),
      cpuUsedRatio: this.node.cpuUsedRatio(),
      since: this.#since,
    });
  }

  async update(patch: ClusterPatch, ifMatch: number | null): Promise<Cluster> {
    const { clusterId: id } = this.environment;
    await this.database.transaction(async (manager) => {
      const row = await manager.findOneOrFail(ClusterEntity, {
        where: { id },
        lock: { mode: 'pessimistic_write' },
      });
      requireRevision(row, ifMatch);
      const revision = await this.changes.record(manager, {
        topic: 'cluster',
        kind: 'upsert',
        resourceId: id,
      });
      const name = patch.name ?? row.name;
      await manager.update(ClusterEntity, { id }, { name, updatedAt: new Date(), revision });
    });
    return this.get();
  }
}
