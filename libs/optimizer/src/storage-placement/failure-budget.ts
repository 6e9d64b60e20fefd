/**
 * What the pool survives at this moment, from the sets of copies that are in sync and answer: not
 * from what the pool is configured for. A group stays available while one of its copies is left, so
 * the group with the fewest copies, in the fewest domains, decides; the count is exact for any number
 * of failures, and for one and two it is said how many of the choices would hurt.
 */
import {
  domainOf,
  indexStores,
  liveCopies,
  type DomainLevel,
  type PgMap,
  type StoreFact,
} from './model';

export interface LevelBudget {
  readonly level: DomainLevel;
  /** Any so many domains of the level may fail at the same moment, and all data stays available. */
  readonly survives: number;
  /** Domains that hold a copy, by name (`node:a`, `store:7`). */
  readonly domains: number;
  /** Domains whose loss alone takes data away. */
  readonly fatalSingles: readonly string[];
  /** Pairs of domains whose loss at the same moment takes data away, those with a fatal one included. */
  readonly fatalPairs: number;
  readonly pairs: number;
}

export interface FailureBudget {
  readonly drives: LevelBudget;
  readonly nodes: LevelBudget;
  /** A node and a drive of another node may fail at the same moment. */
  readonly survivesNodeAndDrive: boolean;
  /** Groups without a copy that answers; they are not part of the budgets. */
  readonly offlineGroups: number;
  /** "Survives the loss of 1 node or 1 drive." */
  readonly summary: string;
}

export function failureBudget(map: PgMap, stores: readonly StoreFact[]): FailureBudget {
  const facts = indexStores(stores);
  const copies = map.pgs.map((record) => liveCopies(record, facts));
  const available = copies.filter((group) => group.length > 0);
  const offlineGroups = copies.length - available.length;
  const drives = levelBudget(available, 'store');
  const nodes = levelBudget(available, 'node');
  const survivesNodeAndDrive = available.length > 0 && available.every(outlivesNodeAndDrive);
  return {
    drives,
    nodes,
    survivesNodeAndDrive,
    offlineGroups,
    summary: summaryOf({ drives, nodes, offlineGroups, groups: copies.length }),
  };
}

/** The budget at one level, for groups that have a copy. */
export function levelBudget(
  groups: readonly (readonly StoreFact[])[],
  level: DomainLevel,
): LevelBudget {
  const names = new Set<string>();
  const singles = new Set<string>();
  const pairs = new Set<string>();
  let fewest = Number.POSITIVE_INFINITY;
  for (const copies of groups) {
    const domains = [...new Set(copies.map((store) => domainOf(store, level)))].sort();
    for (const domain of domains) names.add(domain);
    fewest = Math.min(fewest, domains.length);
    if (domains.length === 1) singles.add(domains[0] ?? '');
    if (domains.length === 2) pairs.add(domains.join('\n'));
  }
  const outside = names.size - singles.size;
  const withSingle = pairsOf(singles.size) + singles.size * outside;
  const withoutSingle = [...pairs].filter((pair) =>
    pair.split('\n').every((domain) => !singles.has(domain)),
  );
  return {
    level,
    survives: groups.length === 0 ? 0 : fewest - 1,
    domains: names.size,
    fatalSingles: [...singles].sort(),
    fatalPairs: withSingle + withoutSingle.length,
    pairs: pairsOf(names.size),
  };
}

function pairsOf(count: number): number {
  return count < 2 ? 0 : (count * (count - 1)) / 2;
}

/** No node holds all copies but one: so one more drive may fail. */
function outlivesNodeAndDrive(copies: readonly StoreFact[]): boolean {
  const perNode = new Map<string, number>();
  for (const { node } of copies) perNode.set(node, (perNode.get(node) ?? 0) + 1);
  return copies.length - Math.max(...perNode.values()) >= 2;
}

function summaryOf(budget: {
  readonly drives: LevelBudget;
  readonly nodes: LevelBudget;
  readonly offlineGroups: number;
  readonly groups: number;
}): string {
  const { drives, nodes, offlineGroups, groups } = budget;
  if (offlineGroups > 0)
    return `${offlineGroups} of ${groups} placement groups have no copy online.`;
  if (groups === 0) return 'There is no data.';
  if (drives.survives === 0) return 'Survives no further failure.';
  const parts = [
    ...(nodes.survives > 0 ? [counted(nodes.survives, 'node')] : []),
    counted(drives.survives, 'drive'),
  ];
  return `Survives the loss of ${parts.join(' or ')}.`;
}

function counted(count: number, thing: string): string {
  return `${count} ${thing}${count === 1 ? '' : 's'}`;
}
