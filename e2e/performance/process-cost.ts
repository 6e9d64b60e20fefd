/** What processes cost: memory and processor time, out of /proc. */
import { readdirSync, readFileSync } from 'node:fs';

const TICKS_PER_SECOND = 100;
const KIB = 1024;
export const MIB = 1024 * KIB;
export const RESIDENT_BYTES_MAX = 700 * MIB;
export const CPU_RATIO_MAX = 0.03;

export interface ProcessCost {
  readonly name: string;
  readonly pid: number;
  readonly residentBytes: number;
  /** Private memory and the process's share of what it has in common with others. */
  readonly proportionalBytes: number;
  /** Its own and of the children that it has waited for, so that short-lived ones count. */
  readonly cpuTicks: number;
}

export interface IdleCost {
  readonly ok: boolean;
  readonly seconds: number;
  readonly residentBytes: number;
  readonly residentBytesMax: number;
  readonly proportionalBytes: number;
  readonly cpuRatio: number;
  readonly cpuRatioMax: number;
  readonly processes: readonly (ProcessCost & { readonly cpuRatio: number })[];
}

/** A process and all below it. */
export function processesBelow(root: number): readonly ProcessCost[] {
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(entry));
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  return below(root).flatMap(costOf);
}

function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return 0;
  }
}

function costOf(pid: number): readonly ProcessCost[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const memory = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const kib = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(memory)?.[1] ?? 0);
    return [
      {
        name: stat.slice(stat.indexOf('(') + 1, stat.lastIndexOf(')')),
        pid,
        residentBytes: kib('Rss') * KIB,
        proportionalBytes: kib('Pss') * KIB,
        cpuTicks: fields.slice(11, 15).reduce((total, ticks) => total + Number(ticks), 0),
      },
    ];
  } catch {
    return [];
  }
}

/** The sums over `seconds`, held against the limits. A process that is new counts from its beginning. */
export function costOfAll(
  costs: readonly ProcessCost[],
  ticksBefore: ReadonlyMap<number, number>,
  seconds: number,
): IdleCost {
  const processes = costs.map((cost) => ({
    ...cost,
    cpuRatio: (cost.cpuTicks - (ticksBefore.get(cost.pid) ?? 0)) / TICKS_PER_SECOND / seconds,
  }));
  const sum = (value: (row: (typeof processes)[number]) => number): number =>
    processes.reduce((total, row) => total + value(row), 0);
  const residentBytes = sum((row) => row.residentBytes);
  const cpuRatio = sum((row) => row.cpuRatio);
  return {
    ok: residentBytes < RESIDENT_BYTES_MAX && cpuRatio < CPU_RATIO_MAX,
    seconds,
    residentBytes,
    residentBytesMax: RESIDENT_BYTES_MAX,
    proportionalBytes: sum((row) => row.proportionalBytes),
    cpuRatio,
    cpuRatioMax: CPU_RATIO_MAX,
    processes,
  };
}
