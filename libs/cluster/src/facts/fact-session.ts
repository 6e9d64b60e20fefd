/**
 * FactSession: transactions whose outcome is known even when an answer is lost.
 *
 *     /cairn/session/<session>/<slot>   a word that every transaction of the slot replaces
 *
 * A call that times out may have had its effect, or have it later: a member may hold on to it. Comparing the caller's keys
 * again tells too little, for another writer may have put the same bytes. So each transaction also compares and replaces a
 * key of its own slot. When an answer is lost, a second transaction tries to replace that key: if it succeeds, the first had
 * no effect and can have none any more, because its comparison fails; if it fails, the key's word says that the first was
 * committed, and its revision when. In the ordinary case this costs one more key in the same round of consensus.
 *
 * A session has one user at a time; a second one, or the next life of the same, fences what the first had under way.
 */
import { setTimeout as delay } from 'node:timers/promises';
import {
  ClusterError,
  type Comparison,
  type KeyValueStore,
  type Operation,
} from '../key-value-store';

export const FACT_TIMEOUT_MS = 1000;
export const FACT_OPERATIONS_MAX = 500;
const SLOTS_MAX = 16;
const PAUSE_MS = 20;

export interface FactTransaction {
  readonly compares: readonly Comparison[];
  readonly puts: readonly { readonly key: string; readonly value: Buffer | string }[];
  readonly deletes: readonly string[];
}

export interface FactTransactionResult {
  readonly succeeded: boolean;
  /** Of the change; without success, a revision at which a comparison did not hold. */
  readonly revision: number;
}

export type FactErrorKind =
  /** It may have happened or may yet happen. */
  | 'unknown-outcome'
  /** It did not happen and will not: etcd did not answer in time, or the session was closed before. */
  | 'not-done'
  /** It did not happen: it is not a transaction that etcd takes, or somebody else uses the session. */
  | 'refused';

export class FactError extends Error {
  override readonly name = 'FactError';
  constructor(
    readonly kind: FactErrorKind,
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
  }
}

interface Slot {
  readonly key: string;
  /** Of the slot's key as we left it; null: somebody has to find out. */
  modRevision: number | null;
}

/** `unknown`: no answer, so far. */
type Answer = FactTransactionResult | 'unknown';

export class FactSession {
  private readonly free: Slot[] = [];
  private readonly waiting: ((slot: Slot) => void)[] = [];
  private slots = 0;
  private words = 0;

  constructor(
    private readonly store: KeyValueStore,
    private readonly options: {
      /** Names the user, for ever the same: a node and its service. */
      readonly session: string;
      /** Names this life of it. */
      readonly life: string;
    },
  ) {}

  /** Throws FactError. Transactions run side by side; of two that were begun together either may be first. */
  async transact(
    transaction: FactTransaction,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<FactTransactionResult> {
    const { compares, puts, deletes } = transaction;
    if (Math.max(compares.length, puts.length + deletes.length) > FACT_OPERATIONS_MAX) {
      throw new FactError('refused', `a transaction has more than ${FACT_OPERATIONS_MAX} parts`);
    }
    const deadline = performance.now() + (options.timeoutMs ?? FACT_TIMEOUT_MS);
    const slot = await this.take(deadline);
    try {
      return await this.run(slot, transaction, deadline);
    } finally {
      this.giveBack(slot);
    }
  }

  private async run(
    slot: Slot,
    transaction: FactTransaction,
    deadline: number,
  ): Promise<FactTransactionResult> {
    for (;;) {
      if (performance.now() >= deadline) throw tooLate('not-done');
      const before = slot.modRevision ?? (await this.claim(slot, deadline));
      if (before === null) throw tooLate('not-done');
      const word = this.nextWord();
      const answer = await this.tryOnce(slot, before, word, transaction);
      if (answer !== 'unknown') return answer;
      const happened = await this.resolve(slot, before, word, deadline);
      if (happened === 'unknown') throw tooLate('unknown-outcome');
      if (happened !== null) return happened;
    }
  }

  private async tryOnce(
    slot: Slot,
    before: number,
    word: string,
    { compares, puts, deletes }: FactTransaction,
  ): Promise<Answer> {
    slot.modRevision = null;
    const operations: readonly Operation[] = [
      ...puts.map(({ key, value }) => ({ kind: 'put' as const, key, value })),
      ...deletes.map((key) => ({ kind: 'delete' as const, key })),
      { kind: 'put', key: slot.key, value: word },
    ];
    const result = await this.attempt({
      compare: [{ key: slot.key, modRevision: before }, ...compares],
      then: operations,
      elseRead: [slot.key],
    });
    if (result === 'unknown') return 'unknown';
    if (result.committed) {
      slot.modRevision = result.revision;
      return { succeeded: true, revision: result.revision };
    }
    if ((result.found[0]?.modRevision ?? 0) !== before) throw usedByAnother();
    slot.modRevision = before;
    return { succeeded: false, revision: result.revision };
  }

  /** After a lost answer. Null: the transaction had no effect and cannot have one any more. */
  private async resolve(
    slot: Slot,
    before: number,
    word: string,
    deadline: number,
  ): Promise<Answer | null> {
    const fences = new Set<string>();
    while (performance.now() < deadline) {
      const fence = this.nextWord();
      fences.add(fence);
      const result = await this.attempt({
        compare: [{ key: slot.key, modRevision: before }],
        then: [{ kind: 'put', key: slot.key, value: fence }],
        elseRead: [slot.key],
      });
      if (result === 'unknown') {
        await delay(PAUSE_MS);
        continue;
      }
      const found = result.found[0];
      slot.modRevision = result.committed ? result.revision : (found?.modRevision ?? 0);
      if (result.committed) return null;
      if (found?.value === word) return { succeeded: true, revision: found.modRevision };
      if (found !== undefined && fences.has(found.value)) return null;
      // Somebody else's word may have come after ours.
      slot.modRevision = null;
      throw new FactError('unknown-outcome', 'another process took over this session of facts');
    }
    return 'unknown';
  }

  /** Takes over a slot whose state is not known, so that nothing sent before can have an effect through it. */
  private async claim(slot: Slot, deadline: number): Promise<number | null> {
    while (performance.now() < deadline) {
      const item = await this.store
        .get(slot.key, { timeoutMs: deadline - performance.now() })
        .catch(refusedOr(undefined));
      if (item !== undefined) {
        const result = await this.attempt({
          compare: [{ key: slot.key, modRevision: item?.modRevision ?? 0 }],
          then: [{ kind: 'put', key: slot.key, value: this.nextWord() }],
          elseRead: [],
        });
        if (result !== 'unknown' && result.committed) return result.revision;
      }
      await delay(PAUSE_MS);
    }
    return null;
  }

  private attempt(
    request: Parameters<KeyValueStore['attempt']>[0],
  ): Promise<Awaited<ReturnType<KeyValueStore['attempt']>> | 'unknown'> {
    return this.store.attempt(request).catch(refusedOr('unknown' as const));
  }

  private nextWord(): string {
    this.words += 1;
    return `${this.options.life}:${this.words}`;
  }

  private async take(deadline: number): Promise<Slot> {
    const slot = this.free.pop();
    if (slot !== undefined) return slot;
    if (this.slots < SLOTS_MAX) {
      const key = `/cairn/session/${this.options.session}/${this.slots}`;
      this.slots += 1;
      return { key, modRevision: null };
    }
    return new Promise((resolve, reject) => {
      const waiter = (given: Slot): void => {
        clearTimeout(timer);
        resolve(given);
      };
      const timer = setTimeout(() => {
        this.waiting.splice(this.waiting.indexOf(waiter), 1);
        reject(tooLate('not-done'));
      }, deadline - performance.now());
      this.waiting.push(waiter);
    });
  }

  private giveBack(slot: Slot): void {
    const next = this.waiting.shift();
    if (next === undefined) this.free.push(slot);
    else next(slot);
  }
}

/** What a failed call means here; anything but a lost answer is passed on. */
function refusedOr<Instead>(instead: Instead): (error: unknown) => Instead {
  return (error) => {
    if (!(error instanceof ClusterError)) throw error;
    switch (error.kind) {
      case 'unavailable':
        return instead;
      case 'refused':
      case 'corrupt':
        throw new FactError('refused', error.message, { cause: error });
      case 'cancelled':
        throw new FactError('unknown-outcome', error.message, { cause: error });
    }
  };
}

function tooLate(kind: 'unknown-outcome' | 'not-done'): FactError {
  return new FactError(kind, 'etcd did not answer in time');
}

function usedByAnother(): FactError {
  return new FactError('refused', 'another process uses this session of facts');
}
