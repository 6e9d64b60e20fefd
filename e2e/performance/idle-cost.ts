/**
 * `npm run idle-cost -w e2e`: what a node without guests costs: resident memory of all its processes
 * and their share of one core over a minute.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { OwnedSystem } from '../harness/system';
import {
  costOfAll,
  CPU_RATIO_MAX,
  MIB,
  processesBelow,
  RESIDENT_BYTES_MAX,
  type IdleCost,
} from './process-cost';

const SETTLE_MS = 10_000;

const USAGE = `idle-cost: what a node without guests costs, all of its processes together

  --seconds N      measures for so long (default 60), after ${SETTLE_MS / 1000} s of rest
  --json           one JSON object on standard output
  --help           this text

Starts a node of its own in a temporary directory, from the process of \`npm start\` down.
Memory that several processes share is counted once for each, so the sum is an upper bound.
Exit code 0 only below ${RESIDENT_BYTES_MAX / MIB} MiB resident and ${CPU_RATIO_MAX * 100} % of one core.
`;

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
