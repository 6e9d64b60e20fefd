/**
 * EtcdLease: a lease and the beat that keeps it alive.
 *
 * Safety: `remainingMs` counts from the moment before the last confirmed beat was sent, on a monotonic clock, so this side
 * always believes the lease dead before etcd lets others believe it, and `lost` comes at that moment, not when a call gives
 * up. Each beat is a stream of its own: nothing is assumed about a connection that was fine a second ago.
 */
import type { Lease } from '../key-value-store';
import { leaderRequired, type EtcdChannel } from './etcd-channel';
import { decodeLease, decodeNothing, encodeLeaseId, methods, type LeaseResponse } from './messages';

const BEATS_PER_TTL = 3;
const RETRY_MS = 100;

export class EtcdLease implements Lease {
  private readonly losing = new AbortController();
  private readonly since: { confirmed: number };
  private beatTimer: NodeJS.Timeout | null = null;
  private expiryTimer: NodeJS.Timeout | null = null;

  constructor(
    private readonly channel: EtcdChannel,
    readonly id: bigint,
    readonly ttlMs: number,
    grantedAt: number,
    private readonly beatTimeoutMs: number,
  ) {
    this.since = { confirmed: grantedAt };
    this.schedule(ttlMs / BEATS_PER_TTL);
    this.watchExpiry();
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  remainingMs(): number {
    if (this.losing.signal.aborted) return 0;
    return Math.max(0, this.since.confirmed + this.ttlMs - performance.now());
  }

  async revoke(): Promise<void> {
    this.lose();
    await this.channel
      .call(methods.leaseRevoke, encodeLeaseId(this.id), decodeNothing, { timeoutMs: 1000 })
      .catch(() => undefined); // It expires by itself.
  }

  /** Stops the beat without telling etcd. */
  lose(): void {
    for (const timer of [this.beatTimer, this.expiryTimer]) if (timer !== null) clearTimeout(timer);
    this.beatTimer = null;
    this.expiryTimer = null;
    this.losing.abort();
  }

  private watchExpiry(): void {
    const left = this.remainingMs();
    if (left <= 0) {
      this.lose();
      return;
    }
    this.expiryTimer = setTimeout(() => {
      this.watchExpiry();
    }, Math.ceil(left));
    this.expiryTimer.unref();
  }

  private schedule(afterMs: number): void {
    this.beatTimer = setTimeout(() => {
      void this.beat();
    }, afterMs);
    this.beatTimer.unref();
  }

  /** Never rejects. */
  private async beat(): Promise<void> {
    const sentAt = performance.now();
    try {
      const answer = await this.askOnce();
      // An answer that comes after the expiry is too late: others were told, or may act on it.
      if (this.remainingMs() <= 0 || answer.ttlSeconds <= 0) {
        this.lose();
        return;
      }
      this.since.confirmed = sentAt;
      this.schedule(this.ttlMs / BEATS_PER_TTL);
    } catch {
      if (this.losing.signal.aborted) return;
      this.channel.moveOn();
      this.schedule(RETRY_MS);
    }
  }

  private askOnce(): Promise<LeaseResponse> {
    return new Promise<LeaseResponse>((resolve, reject) => {
      const stream = this.channel
        .client()
        .makeBidiStreamRequest<Buffer, LeaseResponse>(
          methods.leaseKeepAlive,
          (bytes) => bytes,
          decodeLease,
          leaderRequired(),
          { deadline: Date.now() + this.beatTimeoutMs },
        );
      stream.on('data', (answer: LeaseResponse) => {
        resolve(answer);
        stream.cancel();
      });
      stream.on('error', reject); // Also called for our own cancel, when the promise is settled already.
      stream.on('end', () => {
        reject(new Error('the beat was not answered'));
      });
      stream.write(encodeLeaseId(this.id));
    });
  }
}
