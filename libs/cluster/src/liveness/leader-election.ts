/**
 * LeaderElection: one candidate at a time does what needs to be done by one.
 *
 * The leader's record stands under its node's lease, so a leader that is silent is replaced when its lease ends, and one that
 * steps down at once. Leadership is for liveness only: a leader that was paused may believe in itself for a moment longer.
 * Whatever it does that could hurt compares `fence` in its transaction; the fence of a later leader is another revision.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ClusterError,
  type Comparison,
  type KeyValue,
  type KeyValueStore,
  type Lease,
} from '../key-value-store';
import {
  formatRecord,
  leaderRecordSchema,
  parseRecord,
  recordKeys,
  type LeaderRecord,
} from '../records';
import type { NodeMembership } from './node-membership';

const RETRY_MS = 200;
const CALL_TIMEOUT_MS = 2000;

export interface Leadership {
  /** Holds exactly as long as this leadership does, in etcd's order of things. Later leaders have a higher revision. */
  readonly fence: Comparison;
  /** Aborted when it has ended, or may have. */
  readonly signal: AbortSignal;
}

export interface ElectionOptions {
  readonly store: KeyValueStore;
  readonly membership: Pick<NodeMembership, 'present'>;
  readonly nodeId: string;
  /** Fresh for every candidacy. */
  readonly life: string;
  /** Called when elected; must not throw. What it starts ends with the signal. */
  readonly onElected: (leadership: Leadership) => void;
  /** Who leads, as far as is known; null: nobody. Must not throw. */
  readonly onLeader?: (nodeId: string | null) => void;
}

export class LeaderElection {
  private readonly ending = new AbortController();
  private readonly value: string;
  private running: Promise<void> | null = null;
  private leader: string | null = null;

  constructor(private readonly options: ElectionOptions) {
    const { nodeId, life } = options;
    const record: LeaderRecord = { schema: 1, nodeId, life };
    this.value = formatRecord(record);
  }

  /** The id of the node that leads, as far as this one knows. */
  get leaderId(): string | null {
    return this.leader;
  }

  start(): void {
    this.running ??= this.run();
  }

  /** Steps down if elected; another candidate follows at once. */
  async stop(): Promise<void> {
    this.ending.abort();
    await this.running;
  }

  /** Never rejects. */
  private async run(): Promise<void> {
    while (!this.ended()) {
      try {
        const lease = await this.options.membership.present(this.ending.signal);
        if (lease !== null) await this.round(lease);
      } catch (error) {
        if (!(error instanceof ClusterError)) throw error;
        // The store was closed for good.
        if (error.kind === 'cancelled') this.ending.abort();
        if (!this.ended()) await delay(RETRY_MS);
      }
    }
  }

  /** Runs for the office, or waits until it is vacant. */
  private async round(lease: Lease): Promise<void> {
    const { store } = this.options;
    const call = { timeoutMs: CALL_TIMEOUT_MS, signal: this.ending.signal };
    const item = await store.get(recordKeys.leader, call);
    if (item === null) {
      const { committed, revision } = await store.transact(
        {
          compare: [{ key: recordKeys.leader, modRevision: 0 }],
          then: [{ kind: 'put', key: recordKeys.leader, value: this.value, lease: lease.id }],
        },
        call,
      );
      if (committed) await this.lead(lease, revision);
      return;
    }
    // Ours already: the answer to the put was lost.
    if (item.value === this.value && item.lease === lease.id) {
      await this.lead(lease, item.modRevision);
      return;
    }
    this.announce(leaderOf(item));
    await this.changed(item.modRevision, lease.lost);
    this.announce(null);
  }

  private async lead(lease: Lease, modRevision: number): Promise<void> {
    const ended = new AbortController();
    const end = (): void => {
      ended.abort();
    };
    lease.lost.addEventListener('abort', end, { once: true });
    this.ending.signal.addEventListener('abort', end, { once: true });
    const fence: Comparison = { key: recordKeys.leader, modRevision };
    try {
      if (lease.lost.aborted || this.ending.signal.aborted) return;
      this.announce(this.options.nodeId);
      this.options.onElected({ fence, signal: ended.signal });
      await this.changed(modRevision, ended.signal);
    } finally {
      end();
      lease.lost.removeEventListener('abort', end);
      this.ending.signal.removeEventListener('abort', end);
      this.announce(null);
      if (this.ending.signal.aborted) await this.resign(fence);
    }
  }

  private async resign(fence: Comparison): Promise<void> {
    await this.options.store
      .transact(
        { compare: [fence], then: [{ kind: 'delete', key: fence.key }] },
        { timeoutMs: CALL_TIMEOUT_MS },
      )
      .catch(() => undefined); // The lease ends it.
  }

  /** Resolves when the leader's key changes after the revision, or `signal` or the end comes first. */
  private changed(afterRevision: number, signal: AbortSignal): Promise<void> {
    const either = AbortSignal.any([signal, this.ending.signal]);
    return new Promise<void>((resolve) => {
      const done = (): void => {
        watch.close();
        either.removeEventListener('abort', done);
        resolve();
      };
      const watch = this.options.store.watch(
        { prefix: recordKeys.leader, afterRevision },
        {
          onEvents: (events) => {
            const ours = events.some(
              (event) => (event.kind === 'put' ? event.item.key : event.key) === recordKeys.leader,
            );
            if (ours) done();
          },
          onGap: done,
        },
      );
      if (either.aborted) done();
      else either.addEventListener('abort', done, { once: true });
    });
  }

  private ended(): boolean {
    return this.ending.signal.aborted;
  }

  private announce(nodeId: string | null): void {
    if (nodeId === this.leader) return;
    this.leader = nodeId;
    this.options.onLeader?.(nodeId);
  }
}

/** Null for a record that cannot be read: somebody leads, and its lease ends. */
function leaderOf(item: KeyValue): string | null {
  try {
    return parseRecord(leaderRecordSchema, item).nodeId;
  } catch (error) {
    if (error instanceof ClusterError && error.kind === 'corrupt') return null;
    throw error;
  }
}
