/** Waits that end: every one of them takes a deadline or a signal. */
import { setTimeout as sleep } from 'node:timers/promises';

export { sleep };

/**
 * Polls until `probe` gives something else than `undefined`. Resolves with `undefined` at the
 * deadline; rejects with the signal's reason on abort.
 */
export async function poll<T>(
  probe: () => Promise<T | undefined> | T | undefined,
  options: {
    readonly everyMs: number;
    readonly deadlineMs: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<T | undefined> {
  const end = performance.now() + options.deadlineMs;
  for (;;) {
    options.signal?.throwIfAborted();
    const found = await probe();
    if (found !== undefined) return found;
    if (performance.now() >= end) return undefined;
    await sleep(options.everyMs, undefined, options.signal ? { signal: options.signal } : {});
  }
}

/** The promise's outcome, or `fallback()` when it takes longer than `deadlineMs`. */
export async function within<T>(
  deadlineMs: number,
  promise: Promise<T>,
  fallback: () => T | Promise<T>,
): Promise<T> {
  const abort = new AbortController();
  const timer = sleep(deadlineMs, undefined, { signal: abort.signal }).then(
    () => fallback(),
    () => promise,
  );
  try {
    return await Promise.race([promise, timer]);
  } finally {
    abort.abort();
  }
}
