/**
 * Evens out a target: copies move from the store that is furthest above its fair share to the one
 * that is furthest below, until no store is a whole copy away from its share.
 *
 * Which PG moves is chosen in this order: one whose move copies nothing (the source does not hold it
 * yet, or the destination is listed in its record already), then the one whose straw for the
 * destination is shortest, so that the same change of the cluster chooses the same PGs.
 */
import type { Assignment } from './assignment';
import type { TopologyStore } from './topology';
import { straw } from './straw';

const EPSILON = 1e-9;
/** A chain of moves through stores that stay as full as they are; domains of unequal size need it. */
const CHAIN_HOPS_MAX = 4;

export interface BalanceResult {
  readonly moves: number;
  /** False when the bound on moves ended it. */
  readonly finished: boolean;
}

/** Every move makes the sum of the squared distances from the fair shares smaller, so it ends. */
export function balanceCounts(assignment: Assignment, movesMax: number): BalanceResult {
  let moves = 0;
  const stores = assignment.topology.stores.filter(({ usable }) => usable);
  for (;;) {
    const move = bestExtremeMove(assignment, stores) ?? bestOtherMove(assignment, stores);
    if (move === undefined) {
      const chained = moveAlongChains(assignment, stores, movesMax - moves);
      moves += chained;
      // A chain may have opened the way for single moves.
      if (chained === 0) return { moves, finished: moves + CHAIN_HOPS_MAX <= movesMax };
      continue;
    }
    if (moves >= movesMax) return { moves, finished: false };
    assignment.move(move.pg, move.from, move.to);
    moves += 1;
  }
}

interface Move {
  readonly pg: number;
  readonly from: number;
  readonly to: number;
}

/** From the very fullest to the very emptiest: almost always possible, and found without sorting. */
function bestExtremeMove(
  assignment: Assignment,
  stores: readonly TopologyStore[],
): Move | undefined {
  let [from, to] = [-1, -1];
  let [most, least] = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  for (const { index, receives } of stores) {
    const excess = assignment.excess(index);
    if (excess > most + EPSILON) [from, most] = [index, excess];
    if (receives && excess < least - EPSILON) [to, least] = [index, excess];
  }
  if (from < 0 || to < 0 || most - least <= 1 + EPSILON) return undefined;
  const pg = cheapestPg(assignment, from, to);
  return pg === undefined ? undefined : { pg, from, to };
}

/** The widest gap above one copy between any two stores that a PG can cross. */
function bestOtherMove(assignment: Assignment, stores: readonly TopologyStore[]): Move | undefined {
  const ascending = stores.map(({ index, receives }) => ({
    index,
    receives,
    excess: assignment.excess(index),
  }));
  ascending.sort((a, b) => a.excess - b.excess || a.index - b.index);
  for (let high = ascending.length - 1; high >= 0; high -= 1) {
    const source = ascending[high];
    for (const destination of ascending) {
      if (source === undefined || source.excess - destination.excess <= 1 + EPSILON) break;
      if (!destination.receives) continue;
      const pg = cheapestPg(assignment, source.index, destination.index);
      if (pg !== undefined) return { pg, from: source.index, to: destination.index };
    }
  }
  return undefined;
}

/** The PG to move from one store to another; none when all of them have a copy in that domain. */
export function cheapestPg(assignment: Assignment, from: number, to: number): number | undefined {
  const { seed } = assignment.store(to);
  let best: number | undefined;
  let bestCost = Number.POSITIVE_INFINITY;
  for (const pg of assignment.pgsOf(from)) {
    if (assignment.occupies(pg, to, from)) continue;
    const free = !assignment.isListed(pg, from) || assignment.isListed(pg, to);
    // Straws of weight 1 are below 37, the logarithm of 2^53.
    const cost = (free ? 0 : 64) + straw(assignment.seedOf(pg), seed, 1);
    if (cost < bestCost || (cost === bestCost && pg < (best ?? pg))) [best, bestCost] = [pg, cost];
  }
  return best;
}

/**
 * Stores that are still a whole copy off their share have no neighbour to trade with; a chain of
 * moves through others, each of which gives one copy and takes one, reaches who can.
 */
function moveAlongChains(
  assignment: Assignment,
  stores: readonly TopologyStore[],
  movesMax: number,
): number {
  let moves = 0;
  const stuck = new Set<number>();
  for (;;) {
    const off = stores.find(
      ({ index }) => !stuck.has(index) && Math.abs(assignment.excess(index)) >= 1 - EPSILON,
    );
    if (off === undefined || moves + CHAIN_HOPS_MAX > movesMax) return moves;
    const chain = findChain(assignment, stores, off.index);
    const done = chain === undefined ? 0 : applyChain(assignment, chain);
    if (done === 0) stuck.add(off.index);
    moves += done;
  }
}

/** Stores from giver to taker, with `start` at the giving end if it has too much, else at the other. */
function findChain(
  assignment: Assignment,
  stores: readonly TopologyStore[],
  start: number,
): readonly number[] | undefined {
  const giving = assignment.excess(start) > 0;
  let frontier: readonly (readonly number[])[] = [[start]];
  const seen = new Set([start]);
  for (let hop = 0; hop < CHAIN_HOPS_MAX; hop += 1) {
    const next: (readonly number[])[] = [];
    for (const path of frontier) {
      const here = path[path.length - 1] ?? start;
      for (const { index, receives } of stores) {
        const [from, to] = giving ? [here, index] : [index, here];
        if (seen.has(index) || !(giving ? receives : assignment.store(here).receives)) continue;
        if (cheapestPg(assignment, from, to) === undefined) continue;
        seen.add(index);
        const longer = [...path, index];
        if (mayEnd(assignment.excess(index), giving)) return giving ? longer : longer.reverse();
        next.push(longer);
      }
    }
    frontier = next;
  }
  return undefined;
}

/** The far end of a chain takes or gives one copy and is less than one copy off afterwards. */
function mayEnd(excess: number, giving: boolean): boolean {
  return giving ? excess < -EPSILON : excess > EPSILON;
}

/** Moves one PG per hop, the last hop first; undoes all when a hop has lost its PG. */
function applyChain(assignment: Assignment, chain: readonly number[]): number {
  const done: Move[] = [];
  for (let hop = chain.length - 2; hop >= 0; hop -= 1) {
    const [from, to] = [chain[hop] ?? -1, chain[hop + 1] ?? -1];
    const pg = cheapestPg(assignment, from, to);
    if (pg === undefined) {
      for (const move of done.reverse()) assignment.move(move.pg, move.to, move.from);
      return 0;
    }
    assignment.move(pg, from, to);
    done.push({ pg, from, to });
  }
  return done.length;
}
