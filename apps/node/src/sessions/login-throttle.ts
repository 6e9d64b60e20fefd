// Slows down guessing: failures are counted per user name and per address, and each bucket that is
// empty refuses before any password is looked at. In memory and bounded: forgetting the oldest
// entries under a flood of addresses costs an attacker more than it gives.
const BUCKET_SIZE = 10;
const REFILL_MS = 15_000;
const ENTRIES_MAX = 20_000;

interface Bucket {
  tokens: number;
  filledAtMs: number;
}

export class LoginThrottle {
  readonly #buckets = new Map<string, Bucket>();

  constructor(private readonly nowMs: () => number) {}

  /** Seconds to wait before another attempt is looked at; 0 when it may be made now. */
  retryAfterSeconds(keys: readonly string[]): number {
    const waits = keys.map((key) => {
      const bucket = this.#filled(key);
      if (bucket === null || bucket.tokens >= 1) return 0;
      return Math.ceil((REFILL_MS - (this.nowMs() - bucket.filledAtMs)) / 1000);
    });
    return Math.max(0, ...waits);
  }

  failed(keys: readonly string[]): void {
    for (const key of keys) {
      const bucket = this.#filled(key) ?? { tokens: BUCKET_SIZE, filledAtMs: this.nowMs() };
      bucket.tokens = Math.max(0, bucket.tokens - 1);
      this.#buckets.delete(key);
      this.#buckets.set(key, bucket);
    }
    while (this.#buckets.size > ENTRIES_MAX) {
      const oldest = this.#buckets.keys().next().value;
      if (oldest === undefined) break;
      this.#buckets.delete(oldest);
    }
  }

  succeeded(key: string): void {
    this.#buckets.delete(key);
  }

  #filled(key: string): Bucket | null {
    const bucket = this.#buckets.get(key);
    if (bucket === undefined) return null;
    const periods = Math.floor((this.nowMs() - bucket.filledAtMs) / REFILL_MS);
    bucket.tokens = Math.min(BUCKET_SIZE, bucket.tokens + periods);
    bucket.filledAtMs += periods * REFILL_MS;
    return bucket;
  }
}
