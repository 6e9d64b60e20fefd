/**
 * FactStream: everything below one prefix as one ordered stream, and the way to change it.
 *
 * The receiver gets one snapshot, then batches in order of revision. A batch holds all that one revision changed below the
 * prefix. Nothing is lost and nothing comes twice, over lost connections, dead members and changed endpoints. If etcd
 * dropped history that was not told yet (compaction), one `collapsed` batch leads from what was told to the present: it
 * shows only the last state of each key.
 *
 * `sync` is a barrier: it writes a key of its own below the prefix and resolves when the stream has brought it, so all that
 * was decided before the call has been delivered. (etcd's own progress notifications would save the write, but in versions
 * before 3.4.25 they run ahead of the events.) Keys below `<prefix>.sync/` are never delivered.
 *
 * Threading: the receiver is called synchronously and in order, and must neither throw nor wait.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { KeyValue, KeyValueStore, Watch, WatchEvent } from '../key-value-store';
import {
  FACT_TIMEOUT_MS,
  FactError,
  FactSession,
  type FactTransaction,
  type FactTransactionResult,
} from './fact-session';

export interface Fact {
  readonly key: string;
  readonly value: Buffer;
  readonly modRevision: number;
}

export interface FactSnapshot {
  readonly revision: number;
  /** In order of their keys. */
  readonly facts: readonly Fact[];
}

export interface FactBatch {
  readonly revision: number;
  readonly puts: readonly Fact[];
  readonly deletes: readonly string[];
  /** It stands for more than one revision. */
  readonly collapsed: boolean;
}

export interface FactReceiver {
  readonly onSnapshot: (snapshot: FactSnapshot) => void;
  readonly onBatch: (batch: FactBatch) => void;
}

export interface FactStreamOptions {
  readonly store: KeyValueStore;
  /** Ends with a slash. */
  readonly prefix: string;
  /** Names the user for ever (node and service): two users at a time must not share it. */
  readonly session: string;
  /** Names this life of the user: fresh for every stream. */
  readonly life: string;
  readonly receiver: FactReceiver;
}

const RETRY_MS = 100;
/** A barrier that was written and has not come by then: the stream is behind, another member is asked. */
const BEHIND_MS = 250;

interface Barrier {
  readonly number: number;
  readonly reached: Promise<number>;
  readonly resolve: (revision: number) => void;
}

export class FactStream {
  private readonly store: KeyValueStore;
  private readonly session: FactSession;
  private readonly syncPrefix: string;
  private readonly syncKey: string;
  /** What the receiver knows: the revision of every key's last change. */
  private readonly known = new Map<string, number>();
  private readonly barriers = new Map<number, Barrier>();
  private readonly ending = new AbortController();
  private watch: Watch | null = null;
  private barriersMade = 0;
  private delivered = 0;

  constructor(private readonly options: FactStreamOptions) {
    const { store, prefix, session, life } = options;
    this.store = store;
    this.session = new FactSession(store, { session, life });
    this.syncPrefix = `${prefix}.sync/`;
    this.syncKey = `${this.syncPrefix}${session}`;
  }

  /** The stream shows everything up to this revision, and may show more. */
  get revision(): number {
    return this.delivered;
  }

  /** Delivers the snapshot, then resolves with its revision; tries until etcd answers or the stream is closed. */
  async start(): Promise<number> {
    const { items, revision } = await this.listUntilAnswered();
    const facts = items.filter(({ key }) => this.isFact(key)).map(factOf);
    for (const { key, modRevision } of facts) this.known.set(key, modRevision);
    this.delivered = revision;
    this.options.receiver.onSnapshot({ revision, facts });
    this.follow(revision);
    return revision;
  }

  /**
   * Resolves with a revision once the stream has delivered everything that was decided before this call, so that the state
   * delivered is at least that of a linearizable read begun after it. FactError `not-done`: not in time.
   */
  async sync(options: { readonly timeoutMs?: number } = {}): Promise<number> {
    const deadline = performance.now() + (options.timeoutMs ?? FACT_TIMEOUT_MS);
    this.throwIfClosed();
    const barrier = this.newBarrier();
    const timeUp = new AbortController();
    try {
      return await Promise.race([
        barrier.reached,
        this.pushBarrier(barrier, deadline, timeUp.signal),
      ]);
    } finally {
      timeUp.abort();
      this.barriers.delete(barrier.number);
    }
  }

  /** Changes facts; see FactSession for what the errors mean. The stream shows the change some time later. */
  transact(
    transaction: FactTransaction,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<FactTransactionResult> {
    return this.session.transact(transaction, options);
  }

  /** Nothing is delivered any more; barriers that are under way fail. */
  close(): void {
    this.ending.abort();
    this.watch?.close();
  }

  private follow(afterRevision: number): void {
    if (this.ending.signal.aborted) return;
    this.watch = this.store.watch(
      { prefix: this.options.prefix, afterRevision },
      {
        onEvents: (events) => {
          this.take(events);
        },
        onGap: () => {
          void this.resynchronise();
        },
      },
    );
  }

  private take(events: readonly WatchEvent[]): void {
    let at = 0;
    while (at < events.length && !this.ending.signal.aborted) {
      const revision = revisionOf(events, at);
      let end = at + 1;
      while (end < events.length && revisionOf(events, end) === revision) end += 1;
      this.takeRevision(revision, events.slice(at, end));
      at = end;
    }
  }

  private takeRevision(revision: number, events: readonly WatchEvent[]): void {
    const puts: Fact[] = [];
    const deletes: string[] = [];
    let synced: KeyValue | null = null;
    for (const event of events) {
      const key = event.kind === 'put' ? event.item.key : event.key;
      if (event.kind === 'put' && key === this.syncKey) synced = event.item;
      if (!this.isFact(key)) continue;
      if (event.kind === 'put') puts.push(factOf(event.item));
      else deletes.push(key);
    }
    this.deliver({ revision, puts, deletes, collapsed: false });
    if (synced !== null) this.reach(synced.value, revision);
  }

  private deliver(batch: FactBatch): void {
    for (const { key, modRevision } of batch.puts) this.known.set(key, modRevision);
    for (const key of batch.deletes) this.known.delete(key);
    this.delivered = batch.revision;
    if (batch.puts.length + batch.deletes.length > 0) this.options.receiver.onBatch(batch);
  }

  /** History was dropped: tells the difference between what was told and the present. Never rejects. */
  private async resynchronise(): Promise<void> {
    try {
      const { items, revision } = await this.listUntilAnswered();
      const facts = items.filter(({ key }) => this.isFact(key));
      const present = new Set(facts.map(({ key }) => key));
      this.deliver({
        revision,
        puts: facts
          .filter(({ key, modRevision }) => this.known.get(key) !== modRevision)
          .map(factOf),
        deletes: [...this.known.keys()].filter((key) => !present.has(key)),
        collapsed: true,
      });
      const synced = items.find(({ key }) => key === this.syncKey);
      if (synced !== undefined) this.reach(synced.value, revision);
      this.follow(revision);
    } catch (error) {
      if (!this.ending.signal.aborted) throw error;
    }
  }

  private async listUntilAnswered(): Promise<{
    readonly items: readonly KeyValue[];
    readonly revision: number;
  }> {
    for (;;) {
      this.throwIfClosed();
      try {
        const answer = await this.store.list(this.options.prefix);
        this.throwIfClosed();
        return answer;
      } catch {
        this.throwIfClosed();
        await delay(RETRY_MS);
      }
    }
  }

  private newBarrier(): Barrier {
    this.barriersMade += 1;
    let resolve: (revision: number) => void = () => undefined;
    const reached = new Promise<number>((settle) => {
      resolve = settle;
    });
    const barrier: Barrier = { number: this.barriersMade, reached, resolve };
    this.barriers.set(barrier.number, barrier);
    return barrier;
  }

  /** Writes the barrier and wakes up a stream that lags; settles only by failing. */
  private async pushBarrier(
    { number }: Barrier,
    deadline: number,
    over: AbortSignal,
  ): Promise<never> {
    const then = [
      { kind: 'put' as const, key: this.syncKey, value: `${this.options.life}:${number}` },
    ];
    const left = (): number => deadline - performance.now();
    while (left() > 0 && !over.aborted && !this.ending.signal.aborted) {
      const written = await this.store
        .transact({ compare: [], then }, { timeoutMs: left(), signal: over })
        .catch(() => null);
      if (written === null) break;
      await Promise.race([delay(Math.max(1, Math.min(BEHIND_MS, left()))), aborted(over)]);
      // Restarting a watch that is over by then does no harm.
      if (this.delivered < written.revision) this.watch?.restart();
    }
    throw new FactError('not-done', 'the facts were not brought up to date in time');
  }

  /** The stream has brought a barrier: those made before it are reached as well. */
  private reach(word: string, revision: number): void {
    const [life, number] = [word.slice(0, word.lastIndexOf(':')), word.split(':').at(-1)];
    if (life !== this.options.life) return;
    for (const barrier of this.barriers.values()) {
      if (barrier.number <= Number(number)) barrier.resolve(revision);
    }
  }

  private isFact(key: string): boolean {
    return !key.startsWith(this.syncPrefix);
  }

  private throwIfClosed(): void {
    if (this.ending.signal.aborted)
      throw new FactError('not-done', 'the stream of facts is closed');
  }
}

function factOf({ key, bytes, modRevision }: KeyValue): Fact {
  return { key, value: bytes, modRevision };
}

function revisionOf(events: readonly WatchEvent[], at: number): number {
  const event = events[at];
  if (event === undefined) return 0;
  return event.kind === 'put' ? event.item.modRevision : event.revision;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else {
      signal.addEventListener(
        'abort',
        () => {
          resolve();
        },
        { once: true },
      );
    }
  });
}
