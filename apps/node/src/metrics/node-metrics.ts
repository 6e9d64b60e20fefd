// What this service tells Prometheus, from the catalogue of the telemetry library. Gauges that
// mirror live facts are filled when somebody scrapes; nothing is computed in between.
import { Inject, Injectable } from '@nestjs/common';
import type { Storage } from '@cairn/block-store';
import { TaskEntity } from '@cairn/persistence';
import { MetricSet } from '@cairn/telemetry';
import type { VmRuntime } from '@cairn/vm-runtime';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { EventStreams } from '../events/event-streams';
import { ClusterPlane } from '../nodes/cluster-plane';
import { NodeFacts } from '../nodes/node-facts';
import { Database } from '../platform/database';
import { STORAGE, VM_RUNTIME } from '../platform/tokens';
import { VERSION } from '../platform/version';
import { SessionsService } from '../sessions/sessions.service';
import { StorageFacts } from '../volumes/storage-facts';
import { VmSampler } from '../vms/vm-sampler';

@Injectable()
export class NodeMetrics {
  readonly #set: MetricSet;
  readonly #lag = monitorEventLoopDelay({ resolution: 100 });
  #resyncsTold = 0;
  #failuresTold = 0;

  constructor(
    set: MetricSet,
    private readonly database: Database,
    private readonly streams: EventStreams,
    private readonly plane: ClusterPlane,
    private readonly node: NodeFacts,
    private readonly sessions: SessionsService,
    private readonly facts: StorageFacts,
    private readonly sampler: VmSampler,
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {
    this.#set = set;
    this.#lag.enable();
    set.gauge('cairn_build_info').set({ service: 'cairn-node', version: VERSION }, 1);
  }

  /** The exposition of this service, followed by that of the storage daemon where it answers. */
  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    this.#fillNode();
    this.#fillVms();
    await this.#fillCluster();
    await this.#fillTasks();
    return this.#set.expose();
  }

  #fillNode(): void {
    const node = this.node.name;
    const memory = this.node.memory();
    this.#set.gauge('cairn_node_up').set({ node }, 1);
    this.#set.gauge('cairn_node_memory_bytes').set({ node, kind: 'total' }, memory.totalBytes);
    this.#set
      .gauge('cairn_node_memory_bytes')
      .set({ node, kind: 'available' }, memory.availableBytes);
    const cpu = this.#set.counter('cairn_node_cpu_seconds_total');
    cpu.reset();
    for (const [mode, seconds] of Object.entries(this.node.cpuSeconds())) {
      cpu.inc({ node, mode }, seconds);
    }
    const lagSeconds = this.#lag.percentile(99) / 1e9;
    this.#lag.reset();
    this.#set
      .gauge('cairn_nodejs_eventloop_lag_seconds')
      .set({ service: 'cairn-node' }, Number.isFinite(lagSeconds) ? lagSeconds : 0);
    this.#set.gauge('cairn_sse_clients').set(this.streams.count);
    this.#set.counter('cairn_sse_resyncs_total').inc(this.streams.resyncs - this.#resyncsTold);
    this.#resyncsTold = this.streams.resyncs;
    this.#set.counter('cairn_auth_failures_total').inc(this.sessions.failures - this.#failuresTold);
    this.#failuresTold = this.sessions.failures;
  }

  #fillVms(): void {
    const state = this.#set.gauge('cairn_vm_state');
    const cpu = this.#set.counter('cairn_vm_cpu_seconds_total');
    const memory = this.#set.gauge('cairn_vm_memory_bytes');
    for (const metric of [state, cpu, memory]) metric.reset();
    const disks = {
      readBytes: this.#set.counter('cairn_vm_disk_read_bytes_total'),
      writeBytes: this.#set.counter('cairn_vm_disk_write_bytes_total'),
      readOps: this.#set.counter('cairn_vm_disk_read_ops_total'),
      writeOps: this.#set.counter('cairn_vm_disk_write_ops_total'),
    };
    for (const counter of Object.values(disks)) counter.reset();
    for (const status of this.runtime.list()) {
      const labels = { vm: status.name, vm_id: status.id };
      state.set({ ...labels, state: status.state }, 1);
      const stats = this.sampler.latest(status.id);
      if (stats === undefined) continue;
      cpu.inc(labels, stats.cpu.seconds);
      memory.set({ ...labels, kind: 'configured' }, stats.memory.configuredBytes);
      memory.set({ ...labels, kind: 'resident' }, stats.memory.residentBytes);
      for (const disk of stats.disks) {
        const diskLabels = { ...labels, disk: disk.id };
        disks.readBytes.inc(diskLabels, disk.readBytes);
        disks.writeBytes.inc(diskLabels, disk.writeBytes);
        disks.readOps.inc(diskLabels, disk.readOps);
        disks.writeOps.inc(diskLabels, disk.writeOps);
      }
    }
  }

  async #fillCluster(): Promise<void> {
    const { quorum, liveNodeIds } = await this.plane.state();
    this.#set.gauge('cairn_cluster_quorum').set(quorum ? 1 : 0);
    this.#set.gauge('cairn_cluster_members').set(Math.max(1, liveNodeIds.size));
    const snapshot = await this.facts.snapshotOrNull();
    if (snapshot === null) return;
    const serving = snapshot.drives.items.filter((drive) => drive.state === 'in');
    const used = serving.reduce((sum, drive) => sum + (drive.usedBytes ?? 0), 0);
    const free = serving.reduce((sum, drive) => sum + (drive.freeBytes ?? 0), 0);
    const committed = [...snapshot.volumes.values()].reduce((sum, item) => sum + item.sizeBytes, 0);
    this.#set.gauge('cairn_cluster_usable_bytes').set(used + free);
    this.#set.gauge('cairn_cluster_used_bytes').set(used);
    this.#set.gauge('cairn_cluster_committed_bytes').set(committed);
  }

  /** Leaves the last figures standing while the database is down. */
  async #fillTasks(): Promise<void> {
    const gauge = this.#set.gauge('cairn_tasks');
    try {
      for (const state of ['queued', 'running'] as const) {
        const count = await this.database.read((manager) => manager.countBy(TaskEntity, { state }));
        gauge.set({ state }, count);
      }
    } catch {
      gauge.reset();
    }
  }

  /** The daemon's own exposition; empty when it does not answer. */
  async storageText(): Promise<string> {
    return this.storage.metricsText({ timeoutMs: 1_000 }).catch(() => '');
  }
}
