/**
 * `npm run idle-cost -w e2e`: what a node without guests costs: resident memory of all its processes
 * and their share of one core over a minute. A measurement, never a pass or fail.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { OwnedSystem, System, type ServiceName } from '../harness/system';

const SETTLE_MS = 10_000;
const TICKS_PER_SECOND = 100;
const KIB = 1024;

interface ProcessCost {
  readonly name: string;
  readonly pid: number;
  readonly residentBytes: number;
  /** Private memory and the process's share of what it has in common with others. */
  readonly proportionalBytes: number;
  readonly cpuTicks: number;
}

/** Every process below the services' main processes, those included. */
async function processes(system: System): Promise<readonly ProcessCost[]> {
  const names: readonly ServiceName[] = ['etcd', 'postgresql', 'cairn-storage', 'cairn-node'];
  const roots = await Promise.all(names.map((name) => system.pidOf(name)));
  const supervisors = [parentOf(roots[0] ?? 0), parentOf(roots[2] ?? 0)];
  const children = new Map<number, number[]>();
  for (const entry of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    const parent = parentOf(Number(entry));
    children.set(parent, [...(children.get(parent) ?? []), Number(entry)]);
  }
  const below = (pid: number): number[] => [pid, ...(children.get(pid) ?? []).flatMap(below)];
  const pids = new Set([...supervisors.filter((pid) => pid > 1), ...roots].flatMap(below));
  return [...pids].flatMap(costOf);
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
        cpuTicks: Number(fields[11]) + Number(fields[12]),
      },
    ];
  } catch {
    return [];
  }
}

async function measure(seconds: number): Promise<void> {
  const owned = await OwnedSystem.start();
  const system = new System(owned.address);
  try {
    system.close();
    await sleep(SETTLE_MS);
    const before = new Map((await processes(system)).map(({ pid, cpuTicks }) => [pid, cpuTicks]));
    await sleep(seconds * 1000);
    const costs = await processes(system);
    const rows = costs.map((cost) => ({
      ...cost,
      cpuRatio: (cost.cpuTicks - (before.get(cost.pid) ?? 0)) / TICKS_PER_SECOND / seconds,
    }));
    report(rows, seconds);
  } finally {
    await owned.stop();
    owned.remove();
  }
}

function report(
  rows: readonly (ProcessCost & { readonly cpuRatio: number })[],
  seconds: number,
): void {
  const sum = (value: (row: (typeof rows)[number]) => number): number =>
    rows.reduce((total, row) => total + value(row), 0);
  const residentBytes = sum((row) => row.residentBytes);
  const proportionalBytes = sum((row) => row.proportionalBytes);
  const cpuRatio = sum((row) => row.cpuRatio);
  if (process.argv.includes('--json')) {
    const result = { seconds, residentBytes, proportionalBytes, cpuRatio, processes: rows };
    process.stdout.write(`${JSON.stringify(result)}\n`);
    return;
  }
  const mib = (bytes: number): string => `${(bytes / KIB / KIB).toFixed(0)} MiB`;
  for (const row of rows) {
    const share = `${(row.cpuRatio * 100).toFixed(2)} %`;
    process.stdout.write(`${row.name.padEnd(18)} ${mib(row.residentBytes).padStart(8)} ${share}\n`);
  }
  const total = `${mib(residentBytes)} resident, ${mib(proportionalBytes)} without counting twice`;
  process.stdout.write(`All: ${total}, ${(cpuRatio * 100).toFixed(2)} % of one core\n`);
}

const seconds = Number(/--seconds[= ](\d+)/.exec(process.argv.join(' '))?.[1] ?? 60);
measure(seconds).catch((error: unknown) => {
  process.stderr.write(`${String(error)}\n`);
  process.exitCode = 1;
});
