/**
 * EtcdLease: a lease and the beat that keeps it alive.
 *
 * Safety: `remainingMs` counts from the moment before the last confirmed beat was sent, on a monotonic clock, so this side
 * always believes the lease dead before etcd lets others believe it. Each beat is a stream of its own: nothing is assumed
 * about a connection that was fine a second ago.
 */
import type { Lease } from '../key-value-store';
import type { EtcdChannel } from './etcd-channel';
import { decodeLease, decodeNothing, encodeLeaseId, methods, type LeaseResponse } from './messages';
import { Metadata } from '@grpc/grpc-js';

const BEATS_PER_TTL = 3;
const RETRY_MS = 100;

export class EtcdLease implements Lease {
  private readonly losing = new AbortController();
  private timer: NodeJS.Timeout | null = null;
  private confirmedAt: number;

  constructor(
    private readonly channel: EtcdChannel,
    readonly id: bigint,
    readonly ttlMs: number,
    grantedAt: number,
    private readonly beatTimeoutMs: number,
  ) {
    this.confirmedAt = grantedAt;
    this.schedule(ttlMs / BEATS_PER_TTL);
  }

  get lost(): AbortSignal {
    return this.losing.signal;
  }

  remainingMs(): number {
    if (this.losing.signal.aborted) return 0;
    return Math.max(0, this.confirmedAt + this.ttlMs - performance.now());
  }

  async revoke(): Promise<void> {
    this.lose();
    await this.channel
      .call(methods.leaseRevoke, encodeLeaseId(this.id), decodeNothing, { timeoutMs: 1000 })
      .catch(() => undefined); // It expires by itself.
  }

  /** Stops the beat without telling etcd. */
  lose(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.losing.abort();
  }

  private schedule(afterMs: number): void {
    this.timer = setTimeout(() => {
      void this.beat();
    }, afterMs);
    this.timer.unref();
  }

  /** Never rejects. */
  private async beat(): Promise<void> {
    const sentAt = performance.now();
    try {
      const answer = await this.askOnce();
      if (this.losing.signal.aborted) return;
      if (answer.ttlSeconds <= 0) {
        this.lose();
        return;
      }
      this.confirmedAt = sentAt;
      this.schedule(this.ttlMs / BEATS_PER_TTL);
    } catch {
      if (this.losing.signal.aborted) return;
      this.channel.moveOn();
      if (this.remainingMs() <= 0) this.lose();
      else this.schedule(RETRY_MS);
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
          new Metadata(),
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
