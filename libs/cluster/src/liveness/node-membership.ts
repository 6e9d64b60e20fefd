/**
 * NodeMembership: this node's place among the living.
 *
 * The node's record stands under a lease that is kept alive as long as this process and a majority of etcd are; others see
 * the record vanish when the lease ends. This side is told earlier, on the monotonic clock:
 *
 *     absent -> present             the record stands
 *     present -> doubtful           no beat was confirmed for 2/3 of the lease: start nothing new
 *     doubtful -> present           a beat was confirmed
 *     doubtful, present -> absent   the lease has ended, or may have: stop what must not run in two places
 *
 * After `absent` it goes on trying, and becomes `present` again under a new lease.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { ClusterError, type KeyValueStore, type Lease } from '../key-value-store';
import { formatRecord, recordKeys, type NodeRecord } from '../records';

export const NODE_LEASE_SECONDS = 3;
const DOUBT_AT = 2 / 3;
const RETRY_MS = 200;
const CALL_TIMEOUT_MS = 2000;

export type MembershipState = 'absent' | 'present' | 'doubtful';

export interface MembershipOptions {
  readonly store: KeyValueStore;
  readonly nodeId: string;
  readonly record: NodeRecord;
  readonly leaseSeconds?: number;
  /** Called synchronously at each change of state; must not throw. */
  readonly onState: (state: MembershipState) => void;
}

export class NodeMembership {
  private readonly ending = new AbortController();
  private readonly leaseMs: number;
  private record: NodeRecord;
  private current: Lease | null = null;
  private known: MembershipState = 'absent';
  private running: Promise<void> | null = null;
  private timer: NodeJS.Timeout | null = null;
  private waiters: (() => void)[] = [];

  constructor(private readonly options: MembershipOptions) {
    this.leaseMs = (options.leaseSeconds ?? NODE_LEASE_SECONDS) * 1000;
    this.record = options.record;
  }

  get state(): MembershipState {
    return this.known;
  }

  /** The lease of the node; null while absent. */
  get lease(): Lease | null {
    return this.known === 'absent' ? null : this.current;
  }

  /** Begins; goes on until `stop`. */
  start(): void {
    this.running ??= this.run();
  }

  /** The node's lease, as soon as there is one; null when `signal` is aborted or the membership ends before. */
  async present(signal: AbortSignal): Promise<Lease | null> {
    for (;;) {
      if (signal.aborted || this.ending.signal.aborted) return null;
      if (this.lease !== null) return this.lease;
      await new Promise<void>((resolve) => {
        this.waiters.push(resolve);
        signal.addEventListener(
          'abort',
          () => {
            resolve();
          },
          { once: true },
        );
      });
    }
  }

  /** Replaces the record: an address has changed, say. Throws ClusterError. */
  async update(record: NodeRecord): Promise<void> {
    this.record = record;
    if (this.lease !== null) await this.put(this.lease);
  }

  /** Leaves: the others see it at once. Bounded by the deadline of one call. */
  async stop(): Promise<void> {
    this.ending.abort();
    this.wakeWaiters();
    const lease = this.current;
    if (lease !== null) await lease.revoke();
    await this.running;
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    while (!this.ended()) {
      try {
        await this.live();
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        // The store was closed for good.
        if (error.kind === 'cancelled') this.ending.abort();
      }
      this.become('absent');
      this.current = null;
      if (!this.ended()) await delay(RETRY_MS);
    }
  }

  /** From a new lease to its loss. */
  private async live(): Promise<void> {
    const { signal } = this.ending;
    const lease = await this.options.store.grantLease(this.leaseMs / 1000, {
      timeoutMs: CALL_TIMEOUT_MS,
      signal,
    });
    this.current = lease;
    const lost = new Promise<void>((resolve) => {
      if (lease.lost.aborted) resolve();
      lease.lost.addEventListener(
        'abort',
        () => {
          // At once, not on a later turn: this is the moment that others may rely on.
          this.become('absent');
          resolve();
        },
        { once: true },
      );
    });
    try {
      await this.put(lease);
      if (signal.aborted || lease.lost.aborted) return;
      this.become('present');
      this.watchDoubt(lease);
      await lost;
    } finally {
      if (this.timer !== null) clearTimeout(this.timer);
      await lease.revoke();
    }
  }

  private async put(lease: Lease): Promise<void> {
    const { store, nodeId } = this.options;
    const [key, value] = [recordKeys.node(nodeId), formatRecord(this.record)];
    await store.transact(
      { compare: [], then: [{ kind: 'put', key, value, lease: lease.id }] },
      { timeoutMs: CALL_TIMEOUT_MS, signal: this.ending.signal },
    );
  }

  private watchDoubt(lease: Lease): void {
    if (lease.lost.aborted) return;
    const untilDoubtMs = lease.remainingMs() - this.leaseMs * (1 - DOUBT_AT);
    this.become(untilDoubtMs > 0 ? 'present' : 'doubtful');
    // While in doubt it looks often, so that a confirmed beat is noticed.
    const againMs = untilDoubtMs > 0 ? Math.ceil(untilDoubtMs) : this.leaseMs / 30;
    this.timer = setTimeout(() => {
      this.watchDoubt(lease);
    }, againMs);
    this.timer.unref();
  }

  private become(state: MembershipState): void {
    if (state === this.known) return;
    this.known = state;
    this.options.onState(state);
    if (state === 'present') this.wakeWaiters();
  }

  private ended(): boolean {
    return this.ending.signal.aborted;
  }

  private wakeWaiters(): void {
    const { waiters } = this;
    this.waiters = [];
    for (const wake of waiters) wake();
  }
}
