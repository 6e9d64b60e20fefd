import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from '../fake-key-value-store';
import { ClusterError, type Transaction } from '../key-value-store';
import { FactError, FactSession } from './fact-session';

type Fate =
  /** It is done and answered. */
  | 'answered'
  /** It is done, the answer is lost. */
  | 'done-unanswered'
  /** It is not done, no answer comes. */
  | 'lost'
  /** As lost, but it arrives after what comes next. */
  | 'late';

const unavailable = (): ClusterError => new ClusterError('unavailable', 'planned');

/** A store whose next transactions meet these fates; after them all is well. */
function storeWith(fates: readonly Fate[]): { store: FakeKeyValueStore; seen: Transaction[] } {
  const store = new FakeKeyValueStore();
  const left = [...fates];
  const late: Transaction[] = [];
  const seen: Transaction[] = [];
  let arriving = false;
  let fate: Fate = 'answered';
  store.beforeTransaction = (transaction) => {
    if (arriving) return Promise.resolve();
    fate = left.shift() ?? 'answered';
    if (fate === 'late') late.push(transaction);
    return fate === 'lost' || fate === 'late' ? Promise.reject(unavailable()) : Promise.resolve();
  };
  store.afterTransaction = async (transaction) => {
    seen.push(transaction);
    if (arriving) return;
    const mine = fate;
    arriving = true;
    for (const each of late.splice(0)) await store.transact(each);
    arriving = false;
    if (mine === 'done-unanswered') throw unavailable();
  };
  return { store, seen };
}

const sessionOn = (store: FakeKeyValueStore, life = 'life'): FactSession =>
  new FactSession(store, { session: 'test', life });

describe('FactSession', () => {
  it('commits when all comparisons hold, and tells the revision', async () => {
    const { store } = storeWith([]);
    const session = sessionOn(store);
    const bytes = Buffer.from([0, 255, 128]);
    const result = await session.transact({
      compares: [{ key: '/f/a', modRevision: 0 }],
      puts: [{ key: '/f/a', value: bytes }],
      deletes: ['/f/b'],
    });
    const item = await store.get('/f/a');
    expect(result).toEqual({ succeeded: true, revision: item?.modRevision });
    expect(item?.bytes).toEqual(bytes);
  });

  it('changes nothing when a comparison fails', async () => {
    const { store } = storeWith([]);
    store.plant('/f/a', 'old');
    const transaction = {
      compares: [{ key: '/f/a', modRevision: 0 }],
      puts: [{ key: '/f/a', value: 'new' }],
      deletes: [],
    };
    expect((await sessionOn(store).transact(transaction)).succeeded).toBe(false);
    expect((await store.get('/f/a'))?.value).toBe('old');
  });

  it('knows the outcome of every transaction, whatever happens to messages', async () => {
    const fates = fc.array(fc.constantFrom<Fate>('answered', 'done-unanswered', 'lost', 'late'), {
      maxLength: 8,
    });
    await fc.assert(
      fc.asyncProperty(fates, fc.array(fc.boolean(), { maxLength: 6 }), async (plan, conflicts) => {
        const { store } = storeWith(plan);
        const session = sessionOn(store);
        let value = '';
        for (const [at, conflict] of conflicts.entries()) {
          const before = await store.get('/f/a');
          const seen = (before?.modRevision ?? 0) + (conflict ? 1 : 0);
          const { succeeded, revision } = await session.transact({
            compares: [{ key: '/f/a', modRevision: seen }],
            puts: [{ key: '/f/a', value: `${at}` }],
            deletes: [],
          });
          expect(succeeded).toBe(!conflict);
          if (succeeded) value = `${at}`;
          const after = await store.get('/f/a');
          expect(after?.value ?? '').toBe(value);
          if (succeeded) expect(revision).toBe(after?.modRevision);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('keeps a transaction that arrives late from creating what was deleted meanwhile', async () => {
    // The first claims the slot; the second is the transaction, held up on its way.
    const { store } = storeWith(['answered', 'late']);
    const transaction = {
      compares: [{ key: '/f/new', modRevision: 0 }],
      puts: [{ key: '/f/new', value: 'x' }],
      deletes: [],
    };
    expect((await sessionOn(store).transact(transaction)).succeeded).toBe(true);
    await store.transact({ compare: [], then: [{ kind: 'delete', key: '/f/new' }] });
    expect(await store.get('/f/new')).toBeNull();
  });

  it('says so when it cannot find out, and knows again afterwards', async () => {
    const { store } = storeWith(['answered', ...Array<Fate>(40).fill('lost')]);
    const session = sessionOn(store);
    const transaction = { compares: [], puts: [{ key: '/f/a', value: 'x' }], deletes: [] };
    await expect(session.transact(transaction, { timeoutMs: 60 })).rejects.toMatchObject({
      kind: 'unknown-outcome',
    });
    store.beforeTransaction = () => Promise.resolve();
    expect((await session.transact(transaction)).succeeded).toBe(true);
  });

  it('says that nothing was done when etcd did not answer from the beginning', async () => {
    const store = new FakeKeyValueStore();
    store.setOutage(true);
    await expect(
      sessionOn(store).transact({ compares: [], puts: [], deletes: ['/a'] }, { timeoutMs: 50 }),
    ).rejects.toMatchObject({ kind: 'not-done' });
  });

  it('fences what an earlier life has under way', async () => {
    const { store } = storeWith([]);
    const put = (value: string) => ({ compares: [], puts: [{ key: '/f', value }], deletes: [] });
    const old = sessionOn(store, 'old');
    await old.transact(put('1'));
    await sessionOn(store, 'new').transact(put('2'));
    await expect(old.transact(put('3'))).rejects.toMatchObject({ kind: 'refused' });
    expect((await store.get('/f'))?.value).toBe('2');
  });

  it('runs many side by side, and bounds how long they wait for their turn', async () => {
    const { store } = storeWith([]);
    const session = sessionOn(store);
    const put = (at: number) => ({
      compares: [],
      puts: [{ key: `/f/${at}`, value: 'x' }],
      deletes: [],
    });
    const all = await Promise.all(
      Array.from({ length: 100 }, (_, at) => session.transact(put(at))),
    );
    expect(all.every(({ succeeded }) => succeeded)).toBe(true);
    expect((await store.list('/cairn/session/')).items.length).toBeLessThanOrEqual(16);

    store.beforeTransaction = () => Promise.reject(unavailable());
    const before = performance.now();
    const ends = await Promise.allSettled(
      Array.from({ length: 100 }, (_, at) => session.transact(put(at), { timeoutMs: 50 })),
    );
    expect(ends.every((end) => end.status === 'rejected' && end.reason instanceof FactError)).toBe(
      true,
    );
    expect(performance.now() - before).toBeLessThan(2000);
  });

  it('refuses more than etcd takes at once', async () => {
    const deletes = Array.from({ length: 501 }, (_, at) => `/f/${at}`);
    await expect(
      sessionOn(new FakeKeyValueStore()).transact({ compares: [], puts: [], deletes }),
    ).rejects.toMatchObject({ kind: 'refused' });
  });
});
