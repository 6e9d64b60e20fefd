/**
 * `npm run bench`: one local volume of our engine against qemu-storage-daemon with a raw file on the same disk, by fio through
 * NBD, in turns. It measures and reports; it never passes or fails.
 */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { loadavg, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import {
  compare,
  describeMachine,
  formatReport,
  type BenchReport,
  type Comparison,
} from './report';
import { startCairn, startQsd, type Server } from './servers';
import { fill, measure, workloads, type RunOptions, type Sample, type Workload } from './workloads';

const USAGE = `bench: one local volume against qemu-storage-daemon with a raw file, by fio through NBD

  --rounds N       rounds; medians are taken over them (default 5)
  --seconds N      length of each sample (default 5)
  --size MIB       size of the volume (default 2048)
  --only TEXT      only workloads whose name holds TEXT
  --quick          1 round of 2 s on a 512 MiB volume: for a look, not for a figure
  --directory DIR  disk to measure on (default: the system's temporary directory)
  --realtime       servers and fio under SCHED_FIFO (root): other load on the machine takes no part
  --publish        writes the figures into docs/benchmarks.md
  --json           one JSON object on standard output
  --help           this text
`;

/** A process that computes for two seconds without waiting for anything is ended: it would hold up the whole machine. */
const REALTIME = ['prlimit', '--rttime=2000000', 'chrt', '-f', '10'];

const PAGE = resolve(__dirname, '../../docs/benchmarks.md');
const BEGIN = '<!-- figures: npm run bench -- --publish -->';
const END = '<!-- end of figures -->';

interface Plan {
  readonly rounds: number;
  readonly seconds: number;
  readonly volumeBytes: number;
  readonly workloads: readonly Workload[];
  readonly directory: string;
  readonly launcher: readonly string[];
  readonly say: (line: string) => void;
}

async function bench(plan: Plan): Promise<BenchReport> {
  const { directory, volumeBytes, seconds, launcher } = plan;
  const run = { directory, volumeBytes, seconds, launcher };
  const servers: Server[] = [];
  try {
    servers.push(await startCairn(directory, volumeBytes, launcher));
    servers.push(await startQsd(directory, volumeBytes, launcher));
    plan.say('filling both volumes');
    for (const server of servers) await fill(server, { ...run, seed: 1 });
    const samples = await takeSamples(plan, servers, run);
    const [cairn, qsd] = servers;
    return {
      takenAt: new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC',
      machine: describeMachine(plan.directory),
      rounds: plan.rounds,
      secondsPerSample: plan.seconds,
      realtime: launcher.length > 0,
      loadAverage: loadavg()[0] ?? 0,
      volumeBytes: plan.volumeBytes,
      comparisons: plan.workloads.map((workload): Comparison => {
        const of = (name: string) => samples.get(`${name} ${workload.name}`) ?? [];
        return compare(workload, of('cairn'), of('qsd'));
      }),
      residentBytes: { cairn: cairn?.residentBytes() ?? 0, qsd: qsd?.residentBytes() ?? 0 },
    };
  } finally {
    for (const server of servers) await server.stop();
  }
}

/** All samples, by server and workload, in the order of the rounds. */
async function takeSamples(
  plan: Plan,
  servers: readonly Server[],
  run: Omit<RunOptions, 'seed'>,
): Promise<Map<string, Sample[]>> {
  const samples = new Map<string, Sample[]>();
  for (let round = 0; round < plan.rounds; round++) {
    // Who goes first changes with the round, so that neither always meets the other's leftovers.
    const order = round % 2 === 0 ? servers : [...servers].reverse();
    for (const workload of plan.workloads) {
      for (const server of order) {
        const sample = await measure(server, workload, { ...run, seed: round + 1 });
        const key = `${server.name} ${workload.name}`;
        samples.set(key, [...(samples.get(key) ?? []), sample]);
        plan.say(
          `round ${round + 1}, ${workload.name}, ${server.name}: ${sample.iops.toFixed(0)} IOPS, ` +
            `p50 ${sample.latencyUsMedian.toFixed(0)} us, ${sample.cpuUsPerOperation.toFixed(1)} us of CPU each`,
        );
      }
    }
  }
  return samples;
}

async function publish(report: BenchReport): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  const [begin, end] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (begin < 0 || end < begin) throw new Error(`${PAGE} has no place for the figures`);
  const figures = `${BEGIN}\n\n${formatReport(report)}\n`;
  await writeFile(PAGE, page.slice(0, begin) + figures + page.slice(end));
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new Error(`--${name} wants a number above 0`);
  return Number(text);
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      size: { type: 'string', default: '2048' },
      only: { type: 'string', default: '' },
      quick: { type: 'boolean', default: false },
      directory: { type: 'string', default: tmpdir() },
      realtime: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return;
  }
  const directory = await mkdtemp(join(values.directory, 'cairn-bench-'));
  try {
    const report = await bench({
      rounds: values.quick ? 1 : wholeNumber('rounds', values.rounds),
      seconds: values.quick ? 2 : wholeNumber('seconds', values.seconds),
      volumeBytes: (values.quick ? 512 : wholeNumber('size', values.size)) * 2 ** 20,
      workloads: workloads.filter((workload) => workload.name.includes(values.only)),
      directory,
      launcher: values.realtime ? REALTIME : [],
      say: (line) => process.stderr.write(`${line}\n`),
    });
    process.stdout.write(values.json ? `${JSON.stringify(report)}\n` : formatReport(report));
    if (values.publish) await publish(report);
  } finally {
    await rm(directory, { recursive: true });
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
