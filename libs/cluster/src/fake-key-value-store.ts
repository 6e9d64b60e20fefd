/** A KeyValueStore in memory, for tests of everything above it. It passes the same contract suite as etcd. */
import {
  ClusterError,
  type AttemptedTransaction,
  type AttemptResult,
  type CallOptions,
  type KeyValue,
  type KeyValueStore,
  type Lease,
  type Transaction,
  type TransactionResult,
  type Watch,
  type WatchEvent,
  type WatchHandler,
} from './key-value-store';

interface FakeWatch {
  readonly prefix: string;
  readonly handler: WatchHandler;
}

export class FakeKeyValueStore implements KeyValueStore {
  private readonly items = new Map<string, KeyValue>();
  private readonly history: { readonly revision: number; readonly event: WatchEvent }[] = [];
  private readonly watches = new Set<FakeWatch>();
  private revision = 1;
  private leaseNext = 1n;
  private outage = false;
  private closed = false;
  /** Runs before each transaction; may reject, to let it fail, or never end, as if the caller had died. */
  beforeTransaction: (transaction: Transaction) => Promise<void> = () => Promise.resolve();
  /** Runs after each committed transaction; may reject, as if its answer was lost, or never end. */
  afterTransaction: (transaction: Transaction) => Promise<void> = () => Promise.resolve();

  /** While on, every call fails as `unavailable`. */
  setOutage(on: boolean): void {
    this.outage = on;
  }

  /** Writes behind everybody's back, for planting corrupt values. */
  plant(key: string, value: string): void {
    this.apply([{ kind: 'put', key, value }]);
  }

  /** Ends all watches with a gap, as if they had been away for longer than the history lasts. */
  breakWatches(): void {
    for (const watch of this.watches) {
      this.watches.delete(watch);
      queueMicrotask(watch.handler.onGap);
    }
  }

  async get(key: string, options: CallOptions = {}): Promise<KeyValue | null> {
    await this.turn(options);
    return this.items.get(key) ?? null;
  }

  async list(
    prefix: string,
    options: CallOptions = {},
  ): Promise<{ readonly items: readonly KeyValue[]; readonly revision: number }> {
    await this.turn(options);
    const items = [...this.items.values()].filter((item) => item.key.startsWith(prefix));
    items.sort((a, b) => (a.key < b.key ? -1 : 1));
    return { items, revision: this.revision };
  }

  async transact(transaction: Transaction, options: CallOptions = {}): Promise<TransactionResult> {
    await this.turn(options);
    await this.beforeTransaction(transaction);
    const holds = transaction.compare.every(
      ({ key, modRevision }) => (this.items.get(key)?.modRevision ?? 0) === modRevision,
    );
    if (!holds) return { committed: false, revision: this.revision };
    this.apply(transaction.then);
    const { revision } = this;
    await this.afterTransaction(transaction);
    return { committed: true, revision };
  }

  async attempt(
    transaction: AttemptedTransaction,
    options: CallOptions = {},
  ): Promise<AttemptResult> {
    const result = await this.transact(transaction, options);
    if (result.committed) return { ...result, found: [] };
    const found = transaction.elseRead.flatMap((key) => this.items.get(key) ?? []);
    return { ...result, found };
  }

  async grantLease(ttlSeconds: number, options: CallOptions = {}): Promise<Lease> {
    await this.turn(options);
    const id = this.leaseNext;
    this.leaseNext += 1n;
    const losing = new AbortController();
    return {
      id,
      ttlMs: ttlSeconds * 1000,
      lost: losing.signal,
      remainingMs: () => (losing.signal.aborted ? 0 : ttlSeconds * 1000),
      revoke: () => {
        losing.abort();
        const held = [...this.items.values()].filter((item) => item.lease === id);
        if (held.length > 0) this.apply(held.map(({ key }) => ({ kind: 'delete', key })));
        return Promise.resolve();
      },
    };
  }

  watch(
    request: { readonly prefix: string; readonly afterRevision: number },
    handler: WatchHandler,
  ): Watch {
    const watch: FakeWatch = { prefix: request.prefix, handler };
    this.watches.add(watch);
    const missed = this.history
      .filter(({ revision }) => revision > request.afterRevision)
      .map(({ event }) => event);
    this.tell(watch, missed);
    return {
      close: () => {
        this.watches.delete(watch);
      },
      restart: () => undefined,
    };
  }

  close(): void {
    this.closed = true;
    this.watches.clear();
  }

  private apply(operations: Transaction['then']): void {
    const events: WatchEvent[] = [];
    const revision = this.revision + 1;
    for (const operation of operations) {
      const { key } = operation;
      const before = this.items.get(key);
      if (operation.kind === 'delete') {
        if (before === undefined) continue;
        this.items.delete(key);
        events.push({ kind: 'delete', key, revision });
      } else {
        const item: KeyValue = {
          key,
          value: operation.value.toString(),
          bytes: Buffer.from(operation.value),
          createRevision: before?.createRevision ?? revision,
          modRevision: revision,
          lease: operation.lease ?? 0n,
        };
        this.items.set(key, item);
        events.push({ kind: 'put', item });
      }
    }
    if (events.length === 0) return;
    this.revision = revision;
    for (const event of events) this.history.push({ revision, event });
    for (const watch of this.watches) this.tell(watch, events);
  }

  private tell(watch: FakeWatch, events: readonly WatchEvent[]): void {
    const relevant = events.filter((event) =>
      (event.kind === 'put' ? event.item.key : event.key).startsWith(watch.prefix),
    );
    if (relevant.length === 0) return;
    queueMicrotask(() => {
      if (this.watches.has(watch)) watch.handler.onEvents(relevant);
    });
  }

  private async turn(options: CallOptions): Promise<void> {
    await Promise.resolve();
    if (this.closed) throw new ClusterError('cancelled', 'the store is closed');
    if (options.signal?.aborted === true)
      throw new ClusterError('cancelled', 'the call was cancelled');
    if (this.outage) throw new ClusterError('unavailable', 'etcd does not answer: planned outage');
  }
}
