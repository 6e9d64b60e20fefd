/** What is measured: fio through its NBD engine, the same jobs for both servers. */
import { spawn } from 'node:child_process';
import { z } from 'zod';
import type { Server } from './servers';

export interface Workload {
  readonly name: string;
  readonly rw: 'randread' | 'randwrite' | 'read' | 'write';
  readonly blockBytes: number;
  readonly depth: number;
  /**
   * A write counts when it is durable. Our acknowledgement means that. qemu-storage-daemon's does not, so fio sends it a
   * flush after every write.
   */
  readonly durable: boolean;
  /** What the comparison is meant to reach: our rate over the other's. */
  readonly aimRatio: number | null;
}

const KIB = 1024;
const MIB = 1024 * KIB;

export const workloads: readonly Workload[] = [
  job('4 KiB random write, durable, depth 1', 'randwrite', 4 * KIB, 1, true, 1),
  job('4 KiB random write, durable, depth 32', 'randwrite', 4 * KIB, 32, true, 2),
  job('4 KiB random read, depth 1', 'randread', 4 * KIB, 1, false, 0.9),
  job('4 KiB random read, depth 32', 'randread', 4 * KIB, 32, false, 0.9),
  job('1 MiB sequential write, durable, depth 4', 'write', MIB, 4, true, null),
  job('1 MiB sequential read, depth 4', 'read', MIB, 4, false, 0.9),
];

function job(
  name: string,
  rw: Workload['rw'],
  blockBytes: number,
  depth: number,
  durable: boolean,
  aimRatio: number | null,
): Workload {
  return { name, rw, blockBytes, depth, durable, aimRatio };
}

export interface Sample {
  readonly iops: number;
  readonly bytesPerSecond: number;
  readonly latencyUsMedian: number;
  readonly latencyUsP99: number;
  /** Processor time of the server process per operation. */
  readonly cpuUsPerOperation: number;
}

const directionSchema = z.object({
  total_ios: z.number(),
  iops: z.number(),
  bw_bytes: z.number(),
  clat_ns: z.object({ percentile: z.record(z.string(), z.number()).optional() }),
});
const fioSchema = z.object({
  jobs: z
    .array(z.object({ error: z.number(), read: directionSchema, write: directionSchema }))
    .length(1),
});

export interface RunOptions {
  readonly directory: string;
  readonly volumeBytes: number;
  readonly seconds: number;
  /** Repeats the places of another run. */
  readonly seed: number;
  /** Words before fio's name, such as `chrt -f 10`. */
  readonly launcher: readonly string[];
}

/** Writes the whole volume once, so that reads meet data on both servers. */
export async function fill(server: Server, options: RunOptions): Promise<void> {
  await fio(server, options, ['--rw=write', '--bs=1M', '--iodepth=8']);
}

export async function measure(
  server: Server,
  workload: Workload,
  options: RunOptions,
): Promise<Sample> {
  const flushes = workload.durable && server.name === 'qsd';
  const cpuBefore = server.cpuSeconds();
  const result = await fio(server, options, [
    `--rw=${workload.rw}`,
    `--bs=${workload.blockBytes}`,
    `--iodepth=${workload.depth}`,
    '--time_based',
    `--runtime=${options.seconds}`,
    '--norandommap',
    ...(flushes ? ['--fsync=1'] : []),
  ]);
  const cpuSeconds = server.cpuSeconds() - cpuBefore;
  const direction = workload.rw.endsWith('write') ? result.write : result.read;
  const percentile = (name: string) => (direction.clat_ns.percentile?.[name] ?? 0) / 1000;
  return {
    iops: direction.iops,
    bytesPerSecond: direction.bw_bytes,
    latencyUsMedian: percentile('50.000000'),
    latencyUsP99: percentile('99.000000'),
    cpuUsPerOperation: (cpuSeconds * 1e6) / Math.max(1, direction.total_ios),
  };
}

async function fio(server: Server, options: RunOptions, more: readonly string[]) {
  const args = [
    '--name=bench',
    '--ioengine=nbd',
    `--uri=${server.uri}`,
    `--size=${options.volumeBytes}`,
    `--randseed=${options.seed}`,
    '--refill_buffers',
    '--buffer_compress_percentage=0',
    '--output-format=json',
    ...more,
  ];
  // fio leaves a state file where it runs.
  const [program = 'fio', ...words] = [...options.launcher, 'fio', ...args];
  const child = spawn(program, words, {
    cwd: options.directory,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.on('data', (chunk) => (output += String(chunk)));
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('close', resolve);
    child.on('error', reject);
  });
  // Messages may come before the object.
  const json: unknown = JSON.parse(output.slice(output.indexOf('{')));
  const job = fioSchema.parse(json).jobs[0];
  if (code !== 0 || job === undefined || job.error !== 0) {
    throw new Error(`fio failed against ${server.name} (exit code ${String(code)})`);
  }
  return job;
}
