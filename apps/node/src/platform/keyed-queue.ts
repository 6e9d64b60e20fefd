// Runs work with the same key one after another and different keys side by side. Bounded: a key
// with too many waiters refuses more, so that a stuck VM does not collect requests for ever.

/** Thrown when `maxWaiting` callers already wait for the same key. */
export class QueueFullError extends Error {
  constructor(readonly key: string) {
    super(`too many operations are waiting for ${key}`);
  }
}

export class KeyedQueue {
  readonly #tails = new Map<string, { tail: Promise<void>; waiting: number }>();

  constructor(private readonly maxWaiting = 32) {}

  /** Runs `work` when all earlier work of `key` has ended, whatever its result was. */
  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const entry = this.#tails.get(key) ?? { tail: Promise.resolve(), waiting: 0 };
    if (entry.waiting >= this.maxWaiting) throw new QueueFullError(key);
    entry.waiting += 1;
    this.#tails.set(key, entry);
    const previous = entry.tail;
    let release = (): void => undefined;
    entry.tail = new Promise((resolve) => (release = resolve));
    try {
      await previous;
      return await work();
    } finally {
      entry.waiting -= 1;
      if (entry.waiting === 0) this.#tails.delete(key);
      release();
    }
  }

  /** Whether nothing runs and nothing waits for `key`. */
  isIdle(key: string): boolean {
    return !this.#tails.has(key);
  }
}
