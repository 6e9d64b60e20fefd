/**
 * Evens out bytes, where PGs differ in size: the fullest and the emptiest store, as measured against
 * their fair shares, exchange a larger PG for a smaller one. Counts stay as they are.
 *
 * Chunks of a volume go round the PGs, so PGs of a pool in use differ little, and this seldom has
 * anything to do; a pool with few small volumes is where it matters.
 */
import type { Assignment } from './assignment';
import type { BalanceResult } from './balance';
import type { TopologyStore } from './topology';

/** Stores may differ from their fair share of the bytes by this part of it, from least to most. */
export const BYTE_SPREAD_MAX = 0.03;
/** How many emptier stores the fullest one tries before it is left as it is. */
const PARTNERS_MAX = 8;

interface Load {
  readonly store: TopologyStore;
  readonly fairBytes: number;
  bytes: number;
}

export function balanceBytes(
  assignment: Assignment,
  pgBytes: readonly number[],
  movesMax: number,
): BalanceResult {
  const loads = loadsOf(assignment, pgBytes);
  const settled = new Set<Load>();
  let moves = 0;
  for (;;) {
    loads.sort((a, b) => ratioOf(a) - ratioOf(b) || a.store.index - b.store.index);
    const fullest = loads.findLast((load) => !settled.has(load));
    const emptiest = loads[0];
    if (fullest === undefined || emptiest === undefined) return { moves, finished: true };
    if (ratioOf(fullest) - ratioOf(emptiest) <= BYTE_SPREAD_MAX) return { moves, finished: true };
    if (moves + 2 > movesMax) return { moves, finished: false };
    const exchanged = loads
      .slice(0, PARTNERS_MAX)
      .some((partner) => partner.store.receives && exchange(assignment, pgBytes, fullest, partner));
    if (exchanged) moves += 2;
    else settled.add(fullest);
  }
}

/** From least to most, how far stores are from their fair share of the bytes, as a part of it. */
export function byteSpread(assignment: Assignment, pgBytes: readonly number[]): number {
  const ratios = loadsOf(assignment, pgBytes).map(ratioOf);
  return ratios.length === 0 ? 0 : Math.max(...ratios) - Math.min(...ratios);
}

function loadsOf(assignment: Assignment, pgBytes: readonly number[]): Load[] {
  const stores = assignment.topology.stores.filter(({ usable, share }) => usable && share > 0);
  const bytesOf = (store: TopologyStore) =>
    assignment.pgsOf(store.index).reduce((sum, pg) => sum + (pgBytes[pg] ?? 0), 0);
  const loads = stores.map((store) => ({ store, bytes: bytesOf(store), fairBytes: 0 }));
  const shares = stores.reduce((sum, { share }) => sum + share, 0);
  const total = loads.reduce((sum, { bytes }) => sum + bytes, 0);
  return loads.map((load) => ({ ...load, fairBytes: (total * load.store.share) / shares }));
}

function ratioOf({ bytes, fairBytes }: Load): number {
  return fairBytes > 0 ? bytes / fairBytes : 0;
}

/** Exchanges the pair of PGs that evens the two stores out best; false when none does. */
function exchange(
  assignment: Assignment,
  pgBytes: readonly number[],
  from: Load,
  to: Load,
): boolean {
  const [a, b] = [from.store.index, to.store.index];
  const surplus = (from.bytes - from.fairBytes - (to.bytes - to.fairBytes)) / 2;
  if (surplus <= 0) return false;
  const given = movable(assignment, a, b);
  const taken = movable(assignment, b, a);
  let best: { readonly give: number; readonly take: number; readonly bytes: number } | undefined;
  for (const give of given) {
    for (const take of taken) {
      const bytes = (pgBytes[give] ?? 0) - (pgBytes[take] ?? 0);
      // Beyond twice the surplus the two would only change roles.
      if (bytes <= 0 || bytes >= 2 * surplus) continue;
      const isBetter =
        best === undefined || Math.abs(bytes - surplus) < Math.abs(best.bytes - surplus);
      if (isBetter) best = { give, take, bytes };
    }
  }
  // An exchange copies two PGs, so it must be worth a tenth of what is wrong.
  if (best === undefined || Math.min(best.bytes, 2 * surplus - best.bytes) < surplus / 10) {
    return false;
  }
  assignment.move(best.give, a, b);
  assignment.move(best.take, b, a);
  from.bytes -= best.bytes;
  to.bytes += best.bytes;
  return true;
}

function movable(assignment: Assignment, from: number, to: number): number[] {
  const pgs = assignment.pgsOf(from).filter((pg) => !assignment.occupies(pg, to, from));
  return [...pgs].sort((a, b) => a - b);
}
