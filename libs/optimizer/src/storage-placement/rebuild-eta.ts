/**
 * When a rebuild ends: stores are filled side by side, so the slowest one decides. The rate of a
 * store is what it did lately; how much it varied gives the interval.
 */

export interface RebuildLane {
  /** Bytes that the store still has to receive. */
  readonly remainingBytes: number;
  /** Its measured rates in bytes per second over equal windows, oldest first. */
  readonly rates: readonly number[];
}

/** Seconds from now: likely, and between what the better and the worse of the windows give. */
export interface Estimate {
  readonly seconds: number;
  readonly earliestSeconds: number;
  readonly latestSeconds: number;
}

/** A newer window counts this much more than the one before it. */
const RECENCY = 1.25;
const LOW_QUANTILE = 0.1;
const HIGH_QUANTILE = 0.9;

/** `undefined` while a store that has something to receive has not received anything yet. */
export function rebuildEta(lanes: readonly RebuildLane[]): Estimate | undefined {
  let slowest: Estimate = { seconds: 0, earliestSeconds: 0, latestSeconds: 0 };
  for (const { remainingBytes, rates } of lanes) {
    if (remainingBytes <= 0) continue;
    const seconds = (quantile: number) => remainingBytes / weightedQuantile(rates, quantile);
    const likely = remainingBytes / weightedMean(rates);
    if (!Number.isFinite(likely)) return undefined;
    slowest = {
      seconds: Math.max(slowest.seconds, likely),
      earliestSeconds: Math.max(slowest.earliestSeconds, Math.min(likely, seconds(HIGH_QUANTILE))),
      latestSeconds: Math.max(slowest.latestSeconds, Math.max(likely, seconds(LOW_QUANTILE))),
    };
  }
  return slowest;
}

function weights(rates: readonly number[]): number[] {
  return rates.map((_, index) => RECENCY ** (index - rates.length + 1));
}

function weightedMean(rates: readonly number[]): number {
  const weight = weights(rates);
  const total = weight.reduce((sum, value) => sum + value, 0);
  const moved = rates.reduce((sum, rate, index) => sum + rate * (weight[index] ?? 0), 0);
  return total > 0 ? moved / total : 0;
}

/** The smallest rate that at least this part of the weight does not exceed. */
function weightedQuantile(rates: readonly number[], quantile: number): number {
  const weight = weights(rates);
  const ordered = rates.map((rate, index) => ({ rate, weight: weight[index] ?? 0 }));
  ordered.sort((a, b) => a.rate - b.rate);
  const total = ordered.reduce((sum, entry) => sum + entry.weight, 0);
  let below = 0;
  for (const entry of ordered) {
    below += entry.weight;
    if (below >= quantile * total) return entry.rate;
  }
  return 0;
}
