/** The daemon's metrics, brought from the engine whenever somebody asks. */
import type { Engine, OperationCounters, VolumeStats } from '@cairn/block-store';
import { MetricSet, type HistogramCounts } from '@cairn/telemetry';
import type { DriveService } from './drives/drive-service';
import type { Facts } from './facts';
import type { VolumeService } from './volumes/volume-service';

export interface StorageMetricsOptions {
  readonly engine: Engine;
  readonly facts: Facts;
  readonly drives: DriveService;
  readonly volumes: VolumeService;
  readonly version: string;
  readonly socketsKept: boolean;
}

const OPERATIONS = ['read', 'write', 'flush', 'trim'] as const;
/** Bucket i of the engine's latencies ends at 2^i microseconds. */
const UPPER_BOUNDS = Array.from({ length: 23 }, (_, index) => 2 ** index / 1e6);

export class StorageMetrics {
  private readonly metrics = new MetricSet();
  private latencies: readonly HistogramCounts[] = [];

  constructor(private readonly options: StorageMetricsOptions) {
    const { version, socketsKept } = options;
    this.metrics.gauge('cairn_build_info').set({ service: 'cairn-storage', version }, 1);
    this.metrics.gauge('cairn_storage_sockets_kept').set(socketsKept ? 1 : 0);
    this.metrics.externalHistogram('cairn_storage_io_seconds', () =>
      Promise.resolve(this.latencies),
    );
  }

  onServing(startSeconds: number): void {
    this.metrics.gauge('cairn_storage_start_seconds').set(startSeconds);
  }

  onDriveError(driveId: string, kind: string): void {
    this.metrics.counter('cairn_drive_errors_total').inc({ drive: driveId, kind });
  }

  async expose(): Promise<{ readonly contentType: string; readonly text: string }> {
    await this.collectDrives();
    await this.collectVolumes();
    return this.metrics.expose();
  }

  private async collectDrives(): Promise<void> {
    const up = this.metrics.gauge('cairn_drive_up');
    const size = this.metrics.gauge('cairn_drive_size_bytes');
    const used = this.metrics.gauge('cairn_drive_used_bytes');
    const free = this.metrics.gauge('cairn_drive_free_bytes');
    for (const gauge of [up, size, used, free]) gauge.reset();
    for (const drive of await this.options.drives.list()) {
      up.set({ drive: drive.id, path: drive.path }, drive.state === 'in' ? 1 : 0);
      size.set({ drive: drive.id }, drive.sizeBytes);
      if (drive.usedBytes !== null) used.set({ drive: drive.id }, drive.usedBytes);
      if (drive.freeBytes !== null) free.set({ drive: drive.id }, drive.freeBytes);
    }
  }

  private async collectVolumes(): Promise<void> {
    const size = this.metrics.gauge('cairn_volume_size_bytes');
    const used = this.metrics.gauge('cairn_volume_used_bytes');
    const state = this.metrics.gauge('cairn_volume_state');
    const connections = this.metrics.gauge('cairn_volume_connections');
    const operations = this.metrics.counter('cairn_volume_operations_total');
    const bytes = this.metrics.counter('cairn_volume_bytes_total');
    const errors = this.metrics.counter('cairn_volume_errors_total');
    for (const metric of [size, used, state, connections, operations, bytes, errors])
      metric.reset();
    for (const volume of await this.options.volumes.list()) {
      const labels = { volume: volume.name, volume_id: volume.id };
      size.set(labels, volume.sizeBytes);
      if (volume.usedBytes !== null) used.set(labels, volume.usedBytes);
      state.set({ volume_id: volume.id, state: volume.state }, 1);
    }
    const served = await this.servedStats();
    for (const stats of served) {
      connections.set({ volume_id: stats.volumeId }, stats.connectionsCount);
      for (const op of OPERATIONS) {
        const labels = { volume_id: stats.volumeId, op };
        operations.inc(labels, stats[op].operationsCount);
        bytes.inc(labels, stats[op].bytes);
        errors.inc(labels, stats[op].errorsCount);
      }
    }
    this.latencies = this.latenciesOf(served);
  }

  private async servedStats(): Promise<readonly VolumeStats[]> {
    const ids = this.options.volumes.attachedIds();
    const all = await Promise.allSettled(ids.map((id) => this.options.volumes.stats(id)));
    return all.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  }

  /** One series per operation and drive class, over all volumes: labels of few values. */
  private latenciesOf(served: readonly VolumeStats[]): readonly HistogramCounts[] {
    const byTier = new Map<string, VolumeStats[]>();
    for (const stats of served) {
      const tier = this.options.facts.store(stats.storeId)?.driveClass ?? 'unknown';
      byTier.set(tier, [...(byTier.get(tier) ?? []), stats]);
    }
    return [...byTier].flatMap(([tier, volumes]) =>
      OPERATIONS.map((op) =>
        summed(
          { op, tier },
          volumes.map((stats) => stats[op]),
        ),
      ),
    );
  }
}

function summed(
  labels: Readonly<Record<string, string>>,
  counters: readonly OperationCounters[],
): HistogramCounts {
  const counts = UPPER_BOUNDS.map(() => 0).concat(0);
  let sum = 0;
  for (const counter of counters) {
    sum += counter.latencyNsSum / 1e9;
    for (const [index, count] of counter.latencyCounts.entries()) {
      counts[index] = (counts[index] ?? 0) + count;
    }
  }
  return { labels, counts, upperBounds: UPPER_BOUNDS, sum };
}
