/**
 * fio as a writer of blocks that say where and in which run they were written, and as the judge of
 * what is left of them.
 *
 * Several connections write at random places, each its own part of the volume and one block at a
 * time. With a queue of one, fio knows without doubt which blocks were acknowledged when a connection
 * broke: all but the last. Every byte of a block follows from its offset and the run's seed: with a
 * checksum alone (`verify=crc32c`) fio 3.33 would take the block of an older run for the right one.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { z } from 'zod';

const MIB = 2 ** 20;
const FIO_MS_MAX = 120_000;
const CONNECTED = 'fio: connected to NBD server';
/** What one connection owns of the volume, and how fast it writes that at most. */
export const PART_BYTES = 32 * MIB;
const WRITES_PER_SECOND_MAX = 4000;
export const BLOCK_BYTES = 4096;
/** No part is written to its end within this time. */
export const WRITING_MS_MAX = Math.floor(
  (0.9 * 1000 * PART_BYTES) / BLOCK_BYTES / WRITES_PER_SECOND_MAX,
);

const countsSchema = z.object({ total_ios: z.number() });
const outputSchema = z.object({
  jobs: z
    .array(z.object({ error: z.number(), read: countsSchema, write: countsSchema }))
    .nonempty(),
});
type Job = z.infer<typeof outputSchema>['jobs'][number];

export interface FioPlan {
  readonly url: string;
  /** fio keeps its notes about acknowledged writes here; empty at the first run. */
  readonly directory: string;
  readonly connections: number;
  readonly seed: number;
}

export interface Verdict {
  readonly blocksRead: number;
  /** What fio says about blocks that are not what was acknowledged. */
  readonly findings: readonly string[];
}

/** fio while it writes. */
export class FioWriting {
  private constructor(
    private readonly plan: FioPlan,
    private readonly running: Running,
  ) {}

  /** Resolves when all connections are made: from here on it writes. */
  static async start(plan: FioPlan): Promise<FioWriting> {
    const words = ['--do_verify=0', '--verify_state_save=1'];
    const running = runFio(plan, [
      ...jobOf(plan),
      ...words,
      `--rate_iops=${WRITES_PER_SECOND_MAX}`,
    ]);
    await running.untilConnections(plan.connections);
    return new FioWriting(plan, running);
  }

  /** Resolves with the writes that were issued, when every connection is broken. */
  async broken(): Promise<number> {
    const { jobs } = await this.running.ended;
    if (jobs.some(({ error }) => error === 0)) {
      throw new Error('fio came to its end before the server was killed');
    }
    if (jobs.length !== this.plan.connections) throw new Error('fio has lost a connection');
    return sum(jobs.map(({ write }) => write.total_ios));
  }
}

/** Writes one connection's part from its start to its end, so that it has an older content. */
export async function fillPart(plan: FioPlan): Promise<void> {
  const words = ['--rw=write', '--bs=1m', `--verify_interval=${BLOCK_BYTES}`, '--do_verify=0'];
  const common = commonWords({ ...plan, connections: 1 }, 'fill');
  const { code } = await runFio(plan, [...common, ...words, '--verify_state_save=0']).ended;
  if (code !== 0) throw new Error(`fio cannot fill the volume: exit code ${String(code)}`);
}

/** Reads every block of the plan that was acknowledged. Repeatable: it leaves fio's notes alone. */
export async function verify(plan: FioPlan): Promise<Verdict> {
  const words = ['--verify_only', '--verify_state_load=1', '--verify_state_save=0'];
  const { jobs, notes, code } = await runFio(plan, [...jobOf(plan), ...words]).ended;
  const failed = code !== 0 || jobs.some(({ error }) => error !== 0);
  const said = notes.filter((line) => !line.startsWith(CONNECTED));
  const findings = failed ? [`fio ends with ${String(code)}`, ...said] : [];
  return { blocksRead: sum(jobs.map(({ read }) => read.total_ios)), findings };
}

/** The same words for writing and verifying: fio derives order and content of the blocks from them. */
function jobOf(plan: FioPlan): readonly string[] {
  return [...commonWords(plan, 'kill'), '--rw=randwrite', `--bs=${BLOCK_BYTES}`];
}

function commonWords(plan: FioPlan, name: string): readonly string[] {
  return [
    `--name=${name}`,
    '--thread',
    '--ioengine=nbd',
    `--uri=${plan.url}`,
    `--numjobs=${plan.connections}`,
    `--size=${PART_BYTES}`,
    `--offset_increment=${PART_BYTES}`,
    '--iodepth=1',
    `--randseed=${plan.seed}`,
    '--verify=pattern',
    `--verify_pattern=%o0x${plan.seed.toString(16).padStart(16, '0')}`,
    '--verify_fatal=1',
    '--output-format=json',
  ];
}

interface Running {
  untilConnections(count: number): Promise<void>;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly jobs: readonly Job[];
    /** What fio said besides its result, by line. */
    readonly notes: readonly string[];
  }>;
}

function runFio(plan: FioPlan, words: readonly string[]): Running {
  const child = spawn('fio', words, {
    cwd: plan.directory,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: FIO_MS_MAX,
    killSignal: 'SIGKILL',
  });
  let [output, errors] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (errors += text));
  const closed = once(child, 'close');
  // fio says it on either of the two, depending on what they are.
  const connections = (): number => (output + errors).split(CONNECTED).length - 1;
  const saidMore = (): Promise<unknown> =>
    Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data'), closed]);
  return {
    untilConnections: async (count) => {
      while (connections() < count) {
        if (child.exitCode !== null) throw new Error(`fio does not connect: ${errors.slice(-500)}`);
        await saidMore();
      }
    },
    ended: closed.then(() => {
      const start = output.indexOf('{\n');
      const { jobs } = outputSchema.parse(JSON.parse(output.slice(start)));
      const notes = (errors + output.slice(0, start)).split('\n').filter((line) => line !== '');
      return { code: child.exitCode, jobs, notes };
    }),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
