/**
 * KeyValueStore: the cluster's agreed facts, as Cairn uses them. etcd is the real one; the fake behaves alike.
 *
 * Consistency: reads and transactions are linearizable; a watch sees every change of its prefix once, in order of revision.
 * Everything has a deadline. A call that fails with `unavailable` may or may not have had its effect, and only then: a
 * transaction that is repeated inside tells by the values found whether an earlier attempt had succeeded, so callers give
 * every value that two writers might race for a part of their own (a writer id, an epoch).
 */

export interface KeyValue {
  readonly key: string;
  /** The bytes as text. */
  readonly value: string;
  readonly bytes: Buffer;
  readonly createRevision: number;
  readonly modRevision: number;
  /** 0 without a lease. */
  readonly lease: bigint;
}

/** "The key was last changed at this revision"; revision 0: it does not exist. */
export interface Comparison {
  readonly key: string;
  readonly modRevision: number;
}

export type Operation =
  | {
      readonly kind: 'put';
      readonly key: string;
      readonly value: string | Buffer;
      readonly lease?: bigint;
    }
  | { readonly kind: 'delete'; readonly key: string };

export interface Transaction {
  /** All must hold. */
  readonly compare: readonly Comparison[];
  /** Done together, or not at all. */
  readonly then: readonly Operation[];
}

export interface TransactionResult {
  readonly committed: boolean;
  /** After a commit the revision of all its puts; else the store's revision. */
  readonly revision: number;
}

/** A transaction that also reads when a comparison fails. */
export interface AttemptedTransaction extends Transaction {
  readonly elseRead: readonly string[];
}

export interface AttemptResult extends TransactionResult {
  /** Of `elseRead`, the keys that exist, if a comparison failed. */
  readonly found: readonly KeyValue[];
}

export interface CallOptions {
  readonly signal?: AbortSignal;
  /** For all attempts together. */
  readonly timeoutMs?: number;
}

export type WatchEvent =
  | { readonly kind: 'put'; readonly item: KeyValue }
  | { readonly kind: 'delete'; readonly key: string; readonly revision: number };

export interface WatchHandler {
  readonly onEvents: (events: readonly WatchEvent[]) => void;
  /** History was dropped before it could be told: list again, then watch anew. The watch has ended. */
  readonly onGap: () => void;
}

export interface Watch {
  close(): void;
  /** The watch is behind what is known to have happened: it goes on from another member. */
  restart(): void;
}

export interface Lease {
  readonly id: bigint;
  readonly ttlMs: number;
  /** How long the lease certainly lives if nothing is heard any more; 0 once it is lost. */
  remainingMs(): number;
  /** Aborted when the lease is lost or revoked. */
  readonly lost: AbortSignal;
  /** Ends the lease and its keys at once; best effort. */
  revoke(): Promise<void>;
}

export interface KeyValueStore {
  get(key: string, options?: CallOptions): Promise<KeyValue | null>;
  /** All keys that begin with `prefix`, in order, as of one revision. */
  list(
    prefix: string,
    options?: CallOptions,
  ): Promise<{ readonly items: readonly KeyValue[]; readonly revision: number }>;
  transact(transaction: Transaction, options?: CallOptions): Promise<TransactionResult>;
  /**
   * One attempt that is never repeated, within a few hundred milliseconds. `unavailable` leaves open whether it had its
   * effect, or will have it later: for callers that can find out.
   */
  attempt(transaction: AttemptedTransaction, options?: CallOptions): Promise<AttemptResult>;
  /** A lease that is kept alive until it is revoked, lost, or the store is closed. */
  grantLease(ttlSeconds: number, options?: CallOptions): Promise<Lease>;
  /** Tells all changes after `afterRevision`, over lost connections and member failures. */
  watch(
    request: { readonly prefix: string; readonly afterRevision: number },
    handler: WatchHandler,
  ): Watch;
  close(): void;
}

export type ClusterErrorKind =
  /** No member answered in time; a change may have happened. */
  | 'unavailable'
  /** A value is not what its schema says. */
  | 'corrupt'
  /** etcd refused: space quota, authentication, a bad request. */
  | 'refused'
  /** The caller's signal or `close`. */
  | 'cancelled';

export class ClusterError extends Error {
  override readonly name = 'ClusterError';
  constructor(
    readonly kind: ClusterErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}
