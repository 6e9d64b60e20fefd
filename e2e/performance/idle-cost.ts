/**
 * `npm run idle-cost -w e2e`: what a node without guests costs: resident memory of all its processes
 * and their share of one core over a minute.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OwnedSystem } from '../harness/system';

const SETTLE_MS = 10_000;
const TICKS_PER_SECOND = 100;
const KIB = 1024;
const MIB = 1024 * KIB;
const RESIDENT_BYTES_MAX = 700 * MIB;
const CPU_RATIO_MAX = 0.03;

const USAGE = `idle-cost: what a node without guests costs, all of its processes together

  --seconds N      measures for so long (default 60), after ${SETTLE_MS / 1000} s of rest
  --json           one JSON object on standard output
  --help           this text

Starts a node of its own in a temporary directory, from the process of \`npm start\` down.
Memory that several processes share is counted once for each, so the sum is an upper bound.
Exit code 0 only below ${RESIDENT_BYTES_MAX / MIB} MiB resident and ${CPU_RATIO_MAX * 100} % of one core.
`;

interface ProcessCost {
  readonly name: string;
  readonly pid: number;
  readonly residentBytes: number;
  /** Private memory and the process's share of what it has in common with others. */
  readonly proportionalBytes: number;
  /** Its own and of the children that it has waited for, so that short-lived ones count. */
  readonly cpuTicks: number;
}

interface IdleCost {
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
function processesBelow(root: number): readonly ProcessCost[] {
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

async function measure(seconds: number): Promise<IdleCost> {
  const owned = await OwnedSystem.start();
  try {
    await sleep(SETTLE_MS);
    const before = new Map(processesBelow(owned.pid).map(({ pid, cpuTicks }) => [pid, cpuTicks]));
    await sleep(seconds * 1000);
    return costOfAll(processesBelow(owned.pid), before, seconds);
  } finally {
    await owned.stop();
    owned.remove();
  }
}

function costOfAll(
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

function formatCost(cost: IdleCost): string {
  const mib = (bytes: number): string => `${(bytes / MIB).toFixed(0)} MiB`;
  const percent = (ratio: number): string => `${(ratio * 100).toFixed(2)} %`;
  const rows = cost.processes.map(
    (row) =>
      `${row.name.padEnd(18)} ${mib(row.residentBytes).padStart(8)} ${percent(row.cpuRatio)}`,
  );
  const total = `${mib(cost.residentBytes)} resident, ${mib(cost.proportionalBytes)} without counting twice`;
  const limits = `${mib(cost.residentBytesMax)} and ${percent(cost.cpuRatioMax)}`;
  const verdict = cost.ok ? 'below' : 'NOT BELOW';
  const sum = `All: ${total}, ${percent(cost.cpuRatio)} of one core: ${verdict} ${limits}`;
  return [...rows, sum, ''].join('\n');
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      seconds: { type: 'string', default: '60' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (!/^[1-9][0-9]{0,4}$/.test(values.seconds)) {
    throw new Error(`--seconds wants a whole number above 0, not ${values.seconds}`);
  }
  const cost = await measure(Number(values.seconds));
  process.stdout.write(values.json ? `${JSON.stringify(cost)}\n` : formatCost(cost));
  return cost.ok ? 0 : 1;
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
