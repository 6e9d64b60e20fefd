/**
 * The stores of a pool, numbered and grouped by failure domain, ready for many choices.
 *
 * Stores are ordered by id and domains by name, so that the order of the facts plays no part.
 */
import { hasRoom } from './capacity';
import { hashText, mix64, mixPair, u64Of, type U64 } from './mix64';
import { domainOf, isUsable, type Pool, type StoreFact, type StoreId } from './model';
import { domainShares } from './shares';
import { straw } from './straw';

export interface TopologyStore {
  readonly index: number;
  readonly fact: StoreFact;
  readonly domain: number;
  /** It may keep the copies that it has. */
  readonly usable: boolean;
  /** It may take more. */
  readonly receives: boolean;
  /** Copies that it should hold, not a whole number. */
  readonly share: number;
  readonly seed: U64;
}

export interface TopologyDomain {
  readonly name: string;
  readonly weight: number;
  readonly seed: U64;
  /** Usable stores only. */
  readonly stores: readonly TopologyStore[];
}

export interface Topology {
  readonly pool: Pool;
  /** By id, all stores, usable or not. */
  readonly stores: readonly TopologyStore[];
  readonly indexOf: ReadonlyMap<StoreId, number>;
  /** Those that have a usable store. */
  readonly domains: readonly TopologyDomain[];
}

export function buildTopology(pool: Pool, facts: readonly StoreFact[]): Topology {
  const ordered = [...facts].sort((a, b) => a.id - b.id);
  const names = [...new Set(ordered.map((fact) => domainOf(fact, pool.failureDomain)))].sort();
  const domainIndex = new Map(names.map((name, index) => [name, index]));
  const weights = new Float64Array(names.length);
  for (const fact of ordered) {
    const domain = domainIndex.get(domainOf(fact, pool.failureDomain)) ?? 0;
    if (isUsable(fact, pool)) weights[domain] = (weights[domain] ?? 0) + fact.weight;
  }
  const shares = domainShares(
    names.map((_, index) => ({ weight: weights[index] ?? 0 })),
    { pgCount: pool.pgCount, copies: pool.pgCount * pool.replicas },
  );
  const stores = ordered.map((fact, index): TopologyStore => {
    const domain = domainIndex.get(domainOf(fact, pool.failureDomain)) ?? 0;
    const usable = isUsable(fact, pool);
    const share = usable ? ((shares[domain] ?? 0) * fact.weight) / (weights[domain] ?? 1) : 0;
    const receives = usable && hasRoom(fact, { bytes: 0, lastCopy: false });
    return { index, fact, domain, usable, receives, share, seed: storeSeed(fact.id) };
  });
  return {
    pool,
    stores,
    indexOf: new Map(stores.map(({ fact, index }) => [fact.id, index])),
    domains: names.flatMap((name, index) => {
      const members = stores.filter((store) => store.domain === index && store.usable);
      const weight = weights[index] ?? 0;
      return members.length > 0 ? [{ name, weight, seed: hashText(name), stores: members }] : [];
    }),
  };
}

/** The seed of all straws of a PG. */
export function pgSeed(pool: Pool, pg: number): U64 {
  return mixPair(u64Of(pool.id), { hi: 1, lo: pg });
}

function storeSeed(id: StoreId): U64 {
  return mix64({ hi: 2, lo: id });
}

export interface Choice {
  readonly pg: number;
  readonly count: number;
  /** Domains that hold a copy already. */
  readonly taken: ReadonlySet<number>;
  readonly receives: (store: TopologyStore) => boolean;
}

/**
 * The stores that straw2 gives a PG: the `count` domains with the shortest straws that are not
 * taken and have a store that receives, and in each the store with the shortest straw.
 */
export function chooseStores(topology: Topology, choice: Choice): number[] {
  const seed = pgSeed(topology.pool, choice.pg);
  const chosen: number[] = [];
  const drawn = topology.domains.map((domain) => straw(seed, domain.seed, domain.weight));
  while (chosen.length < choice.count) {
    const winner = shortest(drawn);
    const domain = winner < 0 ? undefined : topology.domains[winner];
    if (domain === undefined) break;
    drawn[winner] = Number.POSITIVE_INFINITY;
    if (choice.taken.has(domain.stores[0]?.domain ?? -1)) continue;
    const store = chooseInDomain(domain, seed, choice.receives);
    if (store !== undefined) chosen.push(store.index);
  }
  return chosen;
}

function chooseInDomain(
  domain: TopologyDomain,
  seed: U64,
  receives: (store: TopologyStore) => boolean,
): TopologyStore | undefined {
  let best: TopologyStore | undefined;
  let bestStraw = Number.POSITIVE_INFINITY;
  for (const store of domain.stores) {
    if (!receives(store)) continue;
    const drawn = straw(seed, store.seed, store.fact.weight);
    if (drawn < bestStraw) [best, bestStraw] = [store, drawn];
  }
  return best;
}

/** Index of the smallest finite value, the first of equals; -1 without one. */
function shortest(values: readonly number[]): number {
  let best = -1;
  let bestValue = Number.POSITIVE_INFINITY;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? Number.POSITIVE_INFINITY;
    if (value < bestValue) [best, bestValue] = [index, value];
  }
  return best;
}

/** The stores that straw2 alone gives a PG of an empty pool, in the order of their straws. */
export function placePg(topology: Topology, pg: number): StoreId[] {
  const chosen = chooseStores(topology, {
    pg,
    count: topology.pool.replicas,
    taken: new Set(),
    receives: ({ receives }) => receives,
  });
  return chosen.flatMap((index) => topology.stores[index]?.fact.id ?? []);
}
