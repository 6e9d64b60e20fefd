/**
 * What a change of the hardware would do, before it is done: which copies move, how many bytes, how
 * long that takes, and what speaks against it, in words for the operator.
 */
import { fillRatio, NEAR_FULL_RATIO, usableCapacity } from './capacity';
import { failureBudget, type FailureBudget } from './failure-budget';
import {
  domainOf,
  indexStores,
  isUsable,
  liveCopies,
  type PgMap,
  type PgTarget,
  type StoreFact,
  type StoreId,
} from './model';
import type { Estimate } from './rebuild-eta';
import { computeTarget } from './target';

/** drain empties; replace empties into the stores that come; remove takes away without emptying. */
export type HardwareChange =
  | { readonly kind: 'add'; readonly stores: readonly StoreFact[] }
  | { readonly kind: 'drain'; readonly leaving: Leaving }
  | {
      readonly kind: 'replace';
      readonly leaving: Leaving;
      readonly stores: readonly StoreFact[];
    }
  | { readonly kind: 'remove'; readonly leaving: Leaving };

export type Leaving =
  | { readonly kind: 'drive'; readonly store: StoreId }
  | { readonly kind: 'node'; readonly node: string };

/** Bytes per second at which copies are made. */
export interface CopyRates {
  /** What is guaranteed while guests are busy, expected, and possible when they are idle. */
  readonly perStore: { readonly low: number; readonly expected: number; readonly high: number };
  readonly perNode: { readonly low: number; readonly expected: number; readonly high: number };
}

export interface DryRunInput {
  readonly map: PgMap;
  readonly stores: readonly StoreFact[];
  readonly change: HardwareChange;
  /** Bytes of one copy of each PG. */
  readonly pgBytes: readonly number[];
  readonly rates: CopyRates;
}

export interface PlacementMove {
  readonly pg: number;
  readonly store: StoreId;
  readonly bytes: number;
}

export interface PlacementBlocker {
  readonly kind: 'unknown' | 'domains' | 'capacity' | 'dataLoss' | 'notEmpty';
  readonly message: string;
}

export interface DryRun {
  /** Copies that would be made. */
  readonly moves: readonly PlacementMove[];
  readonly bytes: number;
  readonly estimate: Estimate;
  /** The change should be refused while there are any. */
  readonly blockers: readonly PlacementBlocker[];
  readonly warnings: readonly string[];
  readonly usableBytesBefore: number;
  readonly usableBytesAfter: number;
  /** What the pool survives while the change is under way. */
  readonly budgetMeanwhile: FailureBudget;
  /** Fill of the fullest store afterwards, 0 to 1 and above. */
  readonly fullestRatioAfter: number;
}

export function dryRun(input: DryRunInput): DryRun {
  const { map, change, pgBytes } = input;
  const leaving = new Set(storesLeaving(input).map(({ id }) => id));
  const after = storesAfter(input, leaving);
  const { target } = computeTarget({ map, stores: after, pgBytes });
  const moves = movesTowards(map, target, pgBytes);
  const fill = fillAfter(map, target, after, pgBytes);
  const fullestRatioAfter = Math.max(0, ...fill.values());
  const blockers = blockersOf({ input, leaving, after, target, fullestRatioAfter });
  const gone = change.kind === 'remove' ? after.filter(({ id }) => !leaving.has(id)) : after;
  return {
    moves,
    bytes: moves.reduce((sum, { bytes }) => sum + bytes, 0),
    estimate: durationOf(moves, input, after),
    blockers,
    warnings: warningsOf({ input, leaving, after, moves }),
    usableBytesBefore: usableCapacity(map.pool, input.stores).usableBytes,
    usableBytesAfter: usableCapacity(map.pool, after).usableBytes,
    budgetMeanwhile: failureBudget(map, gone),
    fullestRatioAfter,
  };
}

function storesLeaving({ change, stores }: DryRunInput): StoreFact[] {
  if (change.kind === 'add') return [];
  const { leaving } = change;
  return stores.filter((store) =>
    leaving.kind === 'drive' ? store.id === leaving.store : store.node === leaving.node,
  );
}

function storesAfter(input: DryRunInput, leaving: ReadonlySet<StoreId>): StoreFact[] {
  const { change, stores } = input;
  const staying = stores.map((store): StoreFact => {
    if (!leaving.has(store.id)) return store;
    return change.kind === 'remove'
      ? { ...store, admin: 'out', alive: false }
      : { ...store, admin: 'draining' };
  });
  const known = new Set(stores.map(({ id }) => id));
  const coming = change.kind === 'add' || change.kind === 'replace' ? change.stores : [];
  return [...staying, ...coming.filter(({ id }) => !known.has(id))];
}

function movesTowards(map: PgMap, target: PgTarget, pgBytes: readonly number[]): PlacementMove[] {
  return target.flatMap((stores, pg) => {
    const members = map.pgs[pg]?.members ?? [];
    const inSync = new Set(members.flatMap((m) => (m.state === 'inSync' ? m.store : [])));
    const made = stores.filter((store) => !inSync.has(store));
    return made.map((store) => ({ pg, store, bytes: pgBytes[pg] ?? 0 }));
  });
}

/** Fill ratio of each usable store when the target is reached. */
function fillAfter(
  map: PgMap,
  target: PgTarget,
  stores: readonly StoreFact[],
  pgBytes: readonly number[],
): ReadonlyMap<StoreId, number> {
  const added = new Map<StoreId, number>();
  const change = (store: StoreId, bytes: number) =>
    added.set(store, (added.get(store) ?? 0) + bytes);
  for (const [pg, wanted] of target.entries()) {
    for (const store of wanted) change(store, pgBytes[pg] ?? 0);
    for (const { store, state } of map.pgs[pg]?.members ?? []) {
      if (state === 'inSync') change(store, -(pgBytes[pg] ?? 0));
    }
  }
  const usable = stores.filter((store) => isUsable(store, map.pool));
  return new Map(
    usable.map((store) => {
      const usedBytes = Math.max(0, store.usedBytes + (added.get(store.id) ?? 0));
      return [store.id, fillRatio({ ...store, usedBytes })];
    }),
  );
}

/** Stores and nodes receive side by side; the one with the most to receive for its rate decides. */
function durationOf(
  moves: readonly PlacementMove[],
  { rates }: DryRunInput,
  stores: readonly StoreFact[],
): Estimate {
  const facts = indexStores(stores);
  const perStore = new Map<string, number>();
  const perNode = new Map<string, number>();
  for (const { store, bytes } of moves) {
    perStore.set(String(store), (perStore.get(String(store)) ?? 0) + bytes);
    const node = facts.get(store)?.node ?? '';
    perNode.set(node, (perNode.get(node) ?? 0) + bytes);
  }
  const longest = (pick: (rate: CopyRates['perStore']) => number) =>
    Math.max(
      Math.max(0, ...perStore.values()) / pick(rates.perStore),
      Math.max(0, ...perNode.values()) / pick(rates.perNode),
    );
  return {
    seconds: longest(({ expected }) => expected),
    earliestSeconds: longest(({ high }) => high),
    latestSeconds: longest(({ low }) => low),
  };
}

interface Findings {
  readonly input: DryRunInput;
  readonly leaving: ReadonlySet<StoreId>;
  readonly after: readonly StoreFact[];
  readonly target: PgTarget;
  readonly fullestRatioAfter: number;
}

function blockersOf(findings: Findings): PlacementBlocker[] {
  const { input, leaving } = findings;
  if (input.change.kind === 'add') return [];
  if (leaving.size === 0) {
    const what = input.change.leaving;
    const name = what.kind === 'drive' ? `drive ${what.store}` : `node ${what.node}`;
    return [{ kind: 'unknown', message: `There is no ${name} with a store in this pool.` }];
  }
  const removal = input.change.kind === 'remove' ? removalBlockers(findings) : [];
  return [...removal, ...domainBlockers(findings), ...capacityBlockers(findings)];
}

function domainBlockers({ input, after, target }: Findings): PlacementBlocker[] {
  const { pool } = input.map;
  const short = target.filter(({ length }) => length < pool.replicas).length;
  if (short === 0) return [];
  const usable = after.filter((store) => isUsable(store, pool));
  const domains = new Set(usable.map((store) => domainOf(store, pool.failureDomain)));
  if (domains.size >= pool.replicas) {
    const message = `${short} placement groups would find no store with room for all their copies.`;
    return [{ kind: 'capacity', message }];
  }
  const left = counted(domains.size, pool.failureDomain);
  const message = `${left} would be left for ${pool.replicas} copies, which must be on different ones.`;
  return [{ kind: 'domains', message: message.charAt(0).toUpperCase() + message.slice(1) }];
}

function capacityBlockers({ fullestRatioAfter }: Findings): PlacementBlocker[] {
  if (fullestRatioAfter <= NEAR_FULL_RATIO) return [];
  const percent = Math.ceil(fullestRatioAfter * 100);
  const message =
    `The fullest remaining drive would be ${percent} % full; ` +
    `above ${Math.round(NEAR_FULL_RATIO * 100)} % no drive takes copies.`;
  return [{ kind: 'capacity', message }];
}

function removalBlockers({ input, leaving, after }: Findings): PlacementBlocker[] {
  const facts = indexStores(after);
  let held = 0;
  let lost = 0;
  for (const record of input.map.pgs) {
    const copies = record.members.filter(
      ({ store, state }) => state === 'inSync' && leaving.has(store),
    );
    if (copies.length === 0) continue;
    held += 1;
    if (liveCopies(record, facts).length === 0) lost += 1;
  }
  const blockers: PlacementBlocker[] = [];
  if (lost > 0) {
    const message = `${counted(lost, 'placement group')} would lose the last copy that is online.`;
    blockers.push({ kind: 'dataLoss', message });
  }
  if (held > 0) {
    const message = `${counted(held, 'placement group')} still have a copy there; drain first.`;
    blockers.push({ kind: 'notEmpty', message });
  }
  return blockers;
}

function warningsOf(state: {
  readonly input: DryRunInput;
  readonly leaving: ReadonlySet<StoreId>;
  readonly after: readonly StoreFact[];
  readonly moves: readonly PlacementMove[];
}): string[] {
  const { input, leaving, after, moves } = state;
  const { pool } = input.map;
  const warnings: string[] = [];
  const before = usableCapacity(pool, input.stores).usableBytes;
  const left = usableCapacity(pool, after).usableBytes;
  const volumesBytes = input.pgBytes.reduce((sum, bytes) => sum + bytes, 0);
  if (left < before && volumesBytes > left) {
    warnings.push(
      'Afterwards the pool holds more than can be rebuilt after the loss of its largest failure domain.',
    );
  }
  const silent = input.stores.filter(({ id, alive }) => leaving.has(id) && !alive).length;
  if (silent > 0 && input.change.kind !== 'remove') {
    warnings.push(
      `${counted(silent, 'drive')} to be emptied do not answer; copies come from others.`,
    );
  }
  const toOthers = new Set(moves.map(({ store }) => store));
  const coming = input.change.kind === 'add' ? input.change.stores : [];
  for (const { id } of coming) {
    if (!toOthers.has(id)) warnings.push(`Drive ${id} would take no data of this pool.`);
  }
  return warnings;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
