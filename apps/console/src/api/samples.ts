/**
 * The live end of the graphs: samples of the `metrics` topic, kept for a bounded time. One store per
 * page; components subscribe to it, because samples come too often for the query cache.
 */
import type { VmSample, VmSeriesName } from '@cairn/contracts';

import { appendPoint, type ChartPoint } from '../components/chart';

export const vmWindowSeconds = 600;
export const clusterWindowSeconds = 3600;
const bucketSeconds = 2;
/** A VM whose last sample is older does not count: it stopped, or its node is silent. */
const sampleLifeSeconds = 5;

/** What all running VMs do together. Latency is weighted by operations. */
export interface ClusterLoad {
  readonly opsPerSecond: readonly ChartPoint[];
  readonly readBytesPerSecond: readonly ChartPoint[];
  readonly writeBytesPerSecond: readonly ChartPoint[];
  readonly latencySeconds: readonly ChartPoint[];
}

export const noLoad: ClusterLoad = {
  opsPerSecond: [],
  readBytesPerSecond: [],
  writeBytesPerSecond: [],
  latencySeconds: [],
};

export type VmSeries = Readonly<Partial<Record<VmSeriesName, readonly ChartPoint[]>>>;

const noSeries: VmSeries = {};

interface Latest {
  readonly atSeconds: number;
  readonly sample: VmSample;
}

/** Keeps the recent samples of every VM and of all together. Single-threaded. */
export class SampleStore {
  private readonly series = new Map<string, VmSeries>();
  private readonly latest = new Map<string, Latest>();
  private readonly listeners = new Set<() => void>();
  private load: ClusterLoad = noLoad;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  readonly getLoad = (): ClusterLoad => this.load;

  /** The series of one VM; the same object until its next sample. */
  getSeries(vmId: string): VmSeries {
    return this.series.get(vmId) ?? noSeries;
  }

  /** The newest sample of a VM; null when there is none from the last seconds. */
  getSample(vmId: string, nowSeconds: number): VmSample | null {
    const latest = this.latest.get(vmId);
    return latest && nowSeconds - latest.atSeconds <= sampleLifeSeconds ? latest.sample : null;
  }

  /** Takes one sample and tells the listeners. */
  add(vmId: string, atSeconds: number, sample: VmSample): void {
    this.series.set(vmId, withSample(this.getSeries(vmId), atSeconds, sample));
    this.latest.set(vmId, { atSeconds, sample });
    this.load = withLoad(this.load, atSeconds, [...this.latest.values()]);
    for (const listener of this.listeners) listener();
  }

  /** Drops a VM that was deleted. */
  forget(vmId: string): void {
    this.series.delete(vmId);
    this.latest.delete(vmId);
  }
}

function withSample(series: VmSeries, atSeconds: number, sample: VmSample): VmSeries {
  const next: Partial<Record<VmSeriesName, readonly ChartPoint[]>> = { ...series };
  for (const name of seriesNames) {
    const value = sample[name];
    if (value === null) continue;
    next[name] = appendPoint(series[name] ?? [], { atSeconds, value }, vmWindowSeconds);
  }
  return next;
}

function withLoad(load: ClusterLoad, atSeconds: number, all: readonly Latest[]): ClusterLoad {
  const bucket = Math.floor(atSeconds / bucketSeconds) * bucketSeconds;
  const live = all
    .filter((each) => atSeconds - each.atSeconds <= sampleLifeSeconds)
    .map((each) => each.sample);
  const readOps = sum(live.map((each) => each.diskReadOpsPerSecond));
  const writeOps = sum(live.map((each) => each.diskWriteOpsPerSecond));
  const busy = sum(
    live.flatMap((each) => [
      product(each.diskReadOpsPerSecond, each.diskReadLatencySeconds),
      product(each.diskWriteOpsPerSecond, each.diskWriteLatencySeconds),
    ]),
  );
  const ops = readOps + writeOps;
  const put = (points: readonly ChartPoint[], value: number): readonly ChartPoint[] =>
    replaceLast(points, { atSeconds: bucket, value });
  return {
    opsPerSecond: put(load.opsPerSecond, ops),
    readBytesPerSecond: put(
      load.readBytesPerSecond,
      sum(live.map((each) => each.diskReadBytesPerSecond)),
    ),
    writeBytesPerSecond: put(
      load.writeBytesPerSecond,
      sum(live.map((each) => each.diskWriteBytesPerSecond)),
    ),
    latencySeconds: put(load.latencySeconds, ops > 0 ? busy / ops : 0),
  };
}

/** Later samples of the same bucket complete its sum. */
function replaceLast(points: readonly ChartPoint[], point: ChartPoint): readonly ChartPoint[] {
  const last = points.at(-1);
  if (last?.atSeconds === point.atSeconds) return points.with(-1, point);
  return appendPoint(points, point, clusterWindowSeconds);
}

function sum(values: readonly (number | null)[]): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}

function product(a: number | null, b: number | null): number {
  return (a ?? 0) * (b ?? 0);
}

const seriesNames: readonly VmSeriesName[] = [
  'cpuRatio',
  'memoryUsedBytes',
  'diskReadBytesPerSecond',
  'diskWriteBytesPerSecond',
  'diskReadOpsPerSecond',
  'diskWriteOpsPerSecond',
  'diskReadLatencySeconds',
  'diskWriteLatencySeconds',
  'networkReceiveBytesPerSecond',
  'networkTransmitBytesPerSecond',
];
