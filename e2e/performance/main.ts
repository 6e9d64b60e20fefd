/** `npm run bench`: measures, reports and publishes; it never passes or fails. */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { formatStartReport, formatVolumeReport } from './report';
import { BENCHMARKS_PAGE, parts, withFigures, type Part } from './page';
import { benchVmStart } from './vm-start';
import { benchVolume } from './volume';
import { workloads } from './workloads';

/** A process that computes for two seconds without waiting for anything is ended: it would hold up the whole machine. */
const REALTIME = ['prlimit', '--rttime=2000000', 'chrt', '-f', '10'];

const PRETTIER = resolve(__dirname, '../../node_modules/.bin/prettier');
const execute = promisify(execFile);

/** One part's figures: for a program, and for the page. */
interface Figures {
  readonly part: Part;
  readonly report: unknown;
  readonly page: string;
}

function optionsOf(args: readonly string[]) {
  return parseArgs({
    args: [...args],
    options: {
      parts: { type: 'string', default: parts.join(',') },
      rounds: { type: 'string', default: '5' },
      seconds: { type: 'string', default: '5' },
      size: { type: 'string', default: '2048' },
      only: { type: 'string', default: '' },
      starts: { type: 'string', default: '20' },
      quick: { type: 'boolean', default: false },
      directory: { type: 'string', default: tmpdir() },
      realtime: { type: 'boolean', default: false },
      publish: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  }).values;
}
type Options = ReturnType<typeof optionsOf>;

async function volumeFigures(options: Options): Promise<Figures> {
  const { quick } = options;
  const directory = await mkdtemp(join(options.directory, 'cairn-bench-'));
  try {
    const report = await benchVolume({
      rounds: quick ? 1 : wholeNumber('rounds', options.rounds),
      seconds: quick ? 2 : wholeNumber('seconds', options.seconds),
      volumeBytes: (quick ? 512 : wholeNumber('size', options.size)) * 2 ** 20,
      workloads: workloads.filter((workload) => workload.name.includes(options.only)),
      directory,
      launcher: options.realtime ? REALTIME : [],
      say,
    });
    return { part: 'volume', report, page: formatVolumeReport(report) };
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function startFigures(options: Options): Promise<Figures> {
  const starts = options.quick ? 3 : wholeNumber('starts', options.starts);
  const report = await benchVmStart({ starts, say });
  return { part: 'start', report, page: formatStartReport(report) };
}

async function publish({ part, page }: Figures): Promise<void> {
  const before = await readFile(BENCHMARKS_PAGE, 'utf8');
  await writeFile(BENCHMARKS_PAGE, withFigures(before, part, page));
  await execute(PRETTIER, ['--write', '--log-level=warn', BENCHMARKS_PAGE]);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

function partsOf(text: string): readonly Part[] {
  const wanted = text.split(',');
  const unknown = wanted.find((name) => !parts.some((part) => part === name));
  if (unknown !== undefined)
    throw new Error(`--parts knows ${parts.join(' and ')}, not ${unknown}`);
  return parts.filter((part) => wanted.includes(part));
}

function wholeNumber(name: string, text: string): number {
  if (!/^[1-9][0-9]{0,6}$/.test(text)) throw new Error(`--${name} wants a number above 0`);
  return Number(text);
}

async function main(): Promise<void> {
  const options = optionsOf(process.argv.slice(2));
  if (options.help) {
    process.stdout.write(readFileSync(join(__dirname, 'usage.txt'), 'utf8'));
    return;
  }
  const all: Figures[] = [];
  for (const part of partsOf(options.parts)) {
    const figures = await (part === 'volume' ? volumeFigures(options) : startFigures(options));
    if (!options.json) process.stdout.write(figures.page);
    if (options.publish) await publish(figures);
    all.push(figures);
  }
  if (options.json) {
    const reports = Object.fromEntries(all.map(({ part, report }) => [part, report]));
    process.stdout.write(`${JSON.stringify(reports)}\n`);
  }
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
