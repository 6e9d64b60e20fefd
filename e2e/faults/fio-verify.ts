/**
 * fio's own check of a power cut: it writes blocks that carry checksums, notes which writes were acknowledged, ends the engine
 * with SIGKILL (fio calls this a trigger), and after the restart reads back all that was acknowledged.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import { EngineHost } from './engine-host';

const run = promisify(execFile);
const MIB = 1024 * 1024;
const VOLUME_BYTES = 256 * MIB;
const DRIVE_BYTES = 1024 * MIB;
const FIO_MS_MAX = 60_000;

const fioOutput = z.object({
  jobs: z.array(
    z.object({
      error: z.number(),
      read: z.object({ total_ios: z.number() }),
      write: z.object({ total_ios: z.number() }),
    }),
  ),
});

export interface FioVerifyOptions {
  /** Kills, one after the other, of an engine on the same drive. */
  readonly kills: number;
  readonly seed: number;
  readonly queueDepth: number;
}

export interface FioVerifyResult {
  readonly writesIssued: number;
  readonly blocksVerified: number;
  /** Of fio: 0 when every acknowledged block was right. */
  readonly errors: readonly string[];
}

/** Kills the engine under fio and lets fio verify, again and again. Leaves nothing behind. */
export async function fioVerifyLoop(options: FioVerifyOptions): Promise<FioVerifyResult> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-fio-'));
  const result = { writesIssued: 0, blocksVerified: 0, errors: [] as string[] };
  try {
    for (let kill = 0; kill < options.kills; kill += 1) {
      const job = jobOf(directory, options, kill);
      result.writesIssued += await writeUntilKilled(directory, job, kill);
      const host = await startHost(directory, kill * 2 + 2);
      try {
        result.blocksVerified += await verify(directory, job);
      } catch (error) {
        result.errors.push(`kill ${kill}: ${String(error)}`);
      } finally {
        await host.stop();
      }
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  return result;
}

function startHost(directory: string, epoch: number): Promise<EngineHost> {
  return EngineHost.start({
    drive: join(directory, 'drive.img'),
    ...(epoch === 1 ? { createBytes: DRIVE_BYTES } : {}),
    volumeBytes: VOLUME_BYTES,
    socketPath: join(directory, 'volume.sock'),
    epoch,
  });
}

/** The same words for both runs: fio derives order and content of the blocks from them. */
function jobOf(directory: string, options: FioVerifyOptions, kill: number): readonly string[] {
  return [
    '--name=kill',
    '--ioengine=nbd',
    `--uri=nbd+unix:///?socket=${join(directory, 'volume.sock')}`,
    '--rw=randwrite',
    '--bs=4k',
    `--iodepth=${options.queueDepth}`,
    `--size=${VOLUME_BYTES}`,
    `--randseed=${options.seed + kill}`,
    '--verify=crc32c',
    '--verify_fatal=1',
    '--output-format=json',
  ];
}

/** Resolves with the writes issued. That fio fails is expected: its server was killed under it. */
async function writeUntilKilled(
  directory: string,
  job: readonly string[],
  kill: number,
): Promise<number> {
  const host = await startHost(directory, kill * 2 + 1);
  const words = ['--do_verify=0', '--verify_state_save=1'];
  const trigger = ['--trigger-timeout=1', `--trigger=kill -9 ${host.pid}`];
  const stdout = await run('fio', [...job, ...words, ...trigger], {
    cwd: directory,
    timeout: FIO_MS_MAX,
  }).then(
    (done) => done.stdout,
    (error: unknown) => z.object({ stdout: z.string() }).parse(error).stdout,
  );
  await host.kill();
  return parse(stdout).write.total_ios;
}

async function verify(directory: string, job: readonly string[]): Promise<number> {
  const words = ['--verify_only', '--verify_state_load=1'];
  const { stdout } = await run('fio', [...job, ...words], { cwd: directory, timeout: FIO_MS_MAX });
  const { error, read } = parse(stdout);
  if (error !== 0) throw new Error(`fio ended with error ${error}`);
  return read.total_ios;
}

/** fio prints notes before its JSON. */
function parse(stdout: string): z.infer<typeof fioOutput>['jobs'][number] {
  const [job] = fioOutput.parse(JSON.parse(stdout.slice(stdout.indexOf('{\n')))).jobs;
  if (job === undefined) throw new Error('fio reported no job');
  return job;
}
