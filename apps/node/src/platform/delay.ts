// The one way to wait: every wait ends early when its signal fires.
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves true after `ms`, or false at once when `signal` aborts. The timer keeps no process. */
export async function delay(ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await sleep(ms, undefined, { signal, ref: false });
    return true;
  } catch {
    return false;
  }
}

/** Exponential back-off with a ceiling: 1, 2, 4 ... times `firstMs`. */
export function backOffMs(attempt: number, firstMs: number, maxMs: number): number {
  return Math.min(maxMs, firstMs * 2 ** Math.min(attempt, 20));
}
