// The short memory of VM graphs: samples every 5 s for an hour and every minute for a day, in
// memory, at a fixed cost per VM (about 250 KiB). Anything longer is Prometheus' business.
import { Injectable } from '@nestjs/common';
import {
  metricsRanges,
  type MetricsRange,
  type VmMetrics,
  type VmSample,
  type VmSeriesName,
} from '@cairn/contracts';

export const FINE_STEP_SECONDS = 5;
const COARSE_STEP_SECONDS = 60;
const FINE_SLOTS = 3_600 / FINE_STEP_SECONDS;
const COARSE_SLOTS = (24 * 3_600) / COARSE_STEP_SECONDS;
const POINTS_MAX = 720;

const SERIES: readonly VmSeriesName[] = [
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

/** A ring of samples, one slot per step of time; a slot knows which step it holds. */
class Ring {
  readonly #steps: Float64Array;
  readonly #values: Float32Array;
  /** How many samples a coarse slot averages. */
  readonly #counts: Uint16Array;

  constructor(
    private readonly slots: number,
    readonly stepSeconds: number,
  ) {
    this.#steps = new Float64Array(slots).fill(-1);
    this.#values = new Float32Array(slots * SERIES.length).fill(Number.NaN);
    this.#counts = new Uint16Array(slots);
  }

  add(seconds: number, sample: VmSample): void {
    const step = Math.floor(seconds / this.stepSeconds);
    const slot = step % this.slots;
    if (this.#steps[slot] !== step) {
      this.#steps[slot] = step;
      this.#counts[slot] = 0;
      this.#values.fill(Number.NaN, slot * SERIES.length, (slot + 1) * SERIES.length);
    }
    const count = (this.#counts[slot] ?? 0) + 1;
    this.#counts[slot] = count;
    for (const [index, name] of SERIES.entries()) {
      const value = sample[name];
      if (value === null) continue;
      const at = slot * SERIES.length + index;
      const mean = this.#values[at] ?? Number.NaN;
      this.#values[at] = Number.isNaN(mean) ? value : mean + (value - mean) / count;
    }
  }

  value(step: number, index: number): number | null {
    const slot = step % this.slots;
    if (this.#steps[slot] !== step) return null;
    const value = this.#values[slot * SERIES.length + index] ?? Number.NaN;
    return Number.isNaN(value) ? null : value;
  }
}

interface Rings {
  readonly fine: Ring;
  readonly coarse: Ring;
}

@Injectable()
export class VmHistory {
  readonly #rings = new Map<string, Rings>();

  add(vmId: string, at: Date, sample: VmSample): void {
    const rings = this.#rings.get(vmId) ?? {
      fine: new Ring(FINE_SLOTS, FINE_STEP_SECONDS),
      coarse: new Ring(COARSE_SLOTS, COARSE_STEP_SECONDS),
    };
    this.#rings.set(vmId, rings);
    const seconds = at.getTime() / 1000;
    rings.fine.add(seconds, sample);
    rings.coarse.add(seconds, sample);
  }

  forget(vmId: string): void {
    this.#rings.delete(vmId);
  }

  /** The columns of `range` up to `now`; null wherever nothing was measured. */
  series(vmId: string, range: MetricsRange, now: Date): VmMetrics {
    const rangeSeconds = metricsRanges[range];
    const rings = this.#rings.get(vmId);
    const isFine = rangeSeconds <= FINE_SLOTS * FINE_STEP_SECONDS;
    const baseStep = isFine ? FINE_STEP_SECONDS : COARSE_STEP_SECONDS;
    const stride = Math.max(1, Math.ceil(rangeSeconds / baseStep / POINTS_MAX));
    const last = Math.floor(now.getTime() / 1000 / baseStep);
    const count = Math.floor(rangeSeconds / baseStep / stride);
    const steps = Array.from({ length: count }, (_, index) => last - (count - 1 - index) * stride);
    const ring = isFine ? rings?.fine : rings?.coarse;
    const column = (name: VmSeriesName): (number | null)[] => {
      const index = SERIES.indexOf(name);
      return steps.map((step) => ring?.value(step, index) ?? null);
    };
    return {
      vmId,
      range,
      stepSeconds: baseStep * stride,
      from: new Date((steps[0] ?? last) * baseStep * 1000).toISOString(),
      to: new Date(last * baseStep * 1000).toISOString(),
      timestamps: steps.map((step) => step * baseStep),
      series: {
        cpuRatio: column('cpuRatio'),
        memoryUsedBytes: column('memoryUsedBytes'),
        diskReadBytesPerSecond: column('diskReadBytesPerSecond'),
        diskWriteBytesPerSecond: column('diskWriteBytesPerSecond'),
        diskReadOpsPerSecond: column('diskReadOpsPerSecond'),
        diskWriteOpsPerSecond: column('diskWriteOpsPerSecond'),
        diskReadLatencySeconds: column('diskReadLatencySeconds'),
        diskWriteLatencySeconds: column('diskWriteLatencySeconds'),
        networkReceiveBytesPerSecond: column('networkReceiveBytesPerSecond'),
        networkTransmitBytesPerSecond: column('networkTransmitBytesPerSecond'),
      },
    };
  }
}
