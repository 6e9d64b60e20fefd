/**
 * The target of a pool: which stores each PG should have, given the map as it is and the stores as
 * they are.
 *
 * It is computed from the present map, so that it differs from it only where it must:
 *
 * 1. A PG keeps the members whose stores are usable: copies first; then, if copies are missing,
 *    members that came back and need little; then what the previous target chose; then joiners.
 * 2. What is still missing is chosen by straw2, in a domain that the PG does not have.
 * 3. Balancing moves copies until every store is within one copy of its fair share.
 *
 * No clock plays a part: a dead store is replaced in the target at once. How long its copies stay
 * listed is a matter of the transitions.
 */
import { Assignment } from './assignment';
import { balanceCounts } from './balance';
import { balanceBytes } from './balance-bytes';
import { hasRoom } from './capacity';
import {
  indexStores,
  liveCopies,
  type PgMap,
  type PgRecord,
  type PgTarget,
  type Pool,
  type StoreFact,
} from './model';
import { buildTopology, chooseStores, type Topology } from './topology';

export interface TargetInput {
  readonly map: PgMap;
  readonly stores: readonly StoreFact[];
  /** The target that is being carried out, if there is one; without it the result may differ more. */
  readonly previous?: PgTarget | undefined;
  /** Bytes of one copy of each PG; with it, balancing ends on bytes rather than on counts. */
  readonly pgBytes?: readonly number[] | undefined;
  /** How many copies balancing may move; by default as many as there are. 0 repairs only. */
  readonly balanceMovesMax?: number;
}

export interface TargetResult {
  readonly target: PgTarget;
  /** Copies that balancing moved, as against keeping and repairing alone. */
  readonly balanceMoves: number;
  /** False when the bound on moves left it unbalanced. */
  readonly balanced: boolean;
}

export function computeTarget(input: TargetInput): TargetResult {
  const { map, stores, previous, pgBytes } = input;
  const topology = buildTopology(map.pool, stores);
  const assignment = new Assignment(topology, map);
  keepMembers(assignment, map, previous);
  addMissing(assignment, map, indexStores(stores));
  if (previous === undefined) honourJoiners(assignment, map);
  const movesMax = input.balanceMovesMax ?? map.pool.pgCount * map.pool.replicas;
  const byCount = balanceCounts(assignment, movesMax);
  const byBytes =
    pgBytes === undefined
      ? { moves: 0, finished: true }
      : balanceBytes(assignment, pgBytes, movesMax - byCount.moves);
  return {
    target: assignment.toTarget(),
    balanceMoves: byCount.moves + byBytes.moves,
    balanced: byCount.finished && byBytes.finished,
  };
}

/** The map of a new pool: all copies of all (empty) PGs are in sync from the start. */
export function createPgMap(pool: Pool, stores: readonly StoreFact[]): PgMap {
  const empty: PgMap = {
    pool,
    pgs: Array.from({ length: pool.pgCount }, () => ({ epoch: 1, members: [] })),
  };
  const { target } = computeTarget({ map: empty, stores });
  const pgs = target.map((ids) => ({
    epoch: 1,
    members: ids.map((store) => ({ store, state: 'inSync' as const })),
  }));
  return { pool, pgs };
}

function keepMembers(assignment: Assignment, map: PgMap, previous: PgTarget | undefined): void {
  const { topology } = assignment;
  const surplus: { readonly pg: number; readonly stores: number[] }[] = [];
  for (const [pg, record] of map.pgs.entries()) {
    const before = usableIndices(topology, previous?.[pg] ?? []);
    const inSync = membersIn(topology, record, 'inSync');
    if (previous === undefined && inSync.length > map.pool.replicas) {
      surplus.push({ pg, stores: inSync });
      continue;
    }
    const isShort = inSync.length < map.pool.replicas;
    const order = [
      ...inSync.filter((store) => before.includes(store)),
      ...(isShort ? [...inSync, ...membersIn(topology, record, 'out')] : []),
      ...before,
      ...inSync,
      ...membersIn(topology, record, 'joining'),
    ];
    for (const store of order) assignment.add(pg, store);
  }
  // Of too many copies, those of the fullest stores go.
  for (const { pg, stores } of surplus) {
    stores.sort((a, b) => assignment.excess(a) - assignment.excess(b) || a - b);
    for (const store of stores) assignment.add(pg, store);
  }
}

function membersIn(
  topology: Topology,
  record: PgRecord,
  state: 'inSync' | 'joining' | 'out',
): number[] {
  const ids = record.members.flatMap((member) => (member.state === state ? member.store : []));
  return usableIndices(topology, ids);
}

function usableIndices(topology: Topology, ids: readonly number[]): number[] {
  return ids.flatMap((id) => {
    const index = topology.indexOf.get(id);
    return index !== undefined && topology.stores[index]?.usable === true ? index : [];
  });
}

function addMissing(
  assignment: Assignment,
  map: PgMap,
  facts: ReadonlyMap<number, StoreFact>,
): void {
  const { topology } = assignment;
  for (const [pg, record] of map.pgs.entries()) {
    const present = assignment.storesOf(pg);
    if (present.length >= map.pool.replicas) continue;
    const lastCopy = liveCopies(record, facts).length === 1;
    const chosen = chooseStores(topology, {
      pg,
      count: map.pool.replicas - present.length,
      taken: new Set(present.map((store) => assignment.store(store).domain)),
      receives: ({ receives, fact }) => receives || hasRoom(fact, { bytes: 0, lastCopy }),
    });
    for (const store of chosen) assignment.add(pg, store);
  }
}

/**
 * A joiner beside enough copies is a move under way, from a target that nobody remembers; it is
 * finished where it still evens things out, and given up otherwise.
 */
function honourJoiners(assignment: Assignment, map: PgMap): void {
  for (const [pg, record] of map.pgs.entries()) {
    if (membersIn(assignment.topology, record, 'inSync').length < map.pool.replicas) continue;
    for (const joiner of membersIn(assignment.topology, record, 'joining')) {
      const stores = assignment.storesOf(pg);
      if (stores.includes(joiner)) continue;
      const givers = stores.filter((store) => !assignment.occupies(pg, joiner, store));
      givers.sort((a, b) => assignment.excess(b) - assignment.excess(a) || a - b);
      const giver = givers[0];
      if (giver === undefined) continue;
      const gain = assignment.excess(giver) - assignment.excess(joiner);
      if (gain > 1 - 1e-9) assignment.move(pg, giver, joiner);
    }
  }
}
