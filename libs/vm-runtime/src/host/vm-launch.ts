/** The face of `cairn-vm-launch` and `cairn-net`. */
import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import { VmRuntimeError } from '../vm-runtime';
import type { VmCredentials } from '../vm-runtime';
import { LineReader, parseJson } from './line-reader';

const LAUNCH_DEADLINE_MS = 10_000;
const NETWORK_DEADLINE_MS = 5000;

export const processRecordSchema = z.object({
  pid: z.int().positive(),
  startTime: z.string().regex(/^[0-9]+$/),
  bootId: z.string(),
});
export type ProcessRecord = z.output<typeof processRecordSchema>;

export const exitRecordSchema = z.object({
  pid: z.int().positive(),
  startTime: z.string(),
  exitCode: z.int().nullable(),
  signal: z.string().nullable(),
  endedAtMs: z.number(),
});
export type ExitRecord = z.output<typeof exitRecordSchema>;

const errorSchema = z.object({ error: z.object({ kind: z.string(), message: z.string() }) });

/**
 * What the launcher opens with the service's rights and hands to QEMU as a descriptor; for `tap`
 * the path is the name of an existing tap.
 */
export interface InheritedFile {
  readonly fd: number;
  readonly mode: 'ro' | 'rw' | 'append' | 'tap';
  readonly path: string;
}

export interface Launch {
  readonly programsDir: string;
  readonly directory: string;
  readonly credentials: VmCredentials | null;
  readonly groups: readonly number[];
  readonly files: readonly InheritedFile[];
  readonly logBytesMax: number;
  readonly fileBytesMax: number;
  readonly cgroup: string | null;
  readonly command: readonly string[];
}

/** Pure: the launcher's arguments. */
export function launchArguments(launch: Launch): string[] {
  const { credentials, cgroup } = launch;
  return [
    ...['--dir', launch.directory],
    ...(credentials === null
      ? []
      : ['--uid', String(credentials.uid), '--gid', String(credentials.gid)]),
    ...(credentials === null || launch.groups.length === 0
      ? []
      : ['--groups', launch.groups.join(',')]),
    ...launch.files.flatMap((file) => ['--file', `${file.fd}:${file.mode}:${file.path}`]),
    ...['--log-bytes', String(launch.logBytesMax)],
    ...['--file-bytes', String(launch.fileBytesMax)],
    ...(cgroup === null ? [] : ['--cgroup', cgroup]),
    '--',
    ...launch.command,
  ];
}

/** Resolves when QEMU's program runs. Errors: `already-running`, `start-failed`. */
export function launchVm(launch: Launch): Promise<ProcessRecord> {
  return new Promise((resolve, reject) => {
    const program = join(launch.programsDir, 'cairn-vm-launch');
    const child = spawn(program, launchArguments(launch), {
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const fail = (kind: 'already-running' | 'start-failed', message: string): void => {
      clearTimeout(timer);
      reject(new VmRuntimeError(kind, message));
    };
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail('start-failed', 'the launcher did not answer in time');
    }, LAUNCH_DEADLINE_MS);
    const lines = new LineReader(64 * 1024, (line) => {
      const record = processRecordSchema.safeParse(parseJson(line));
      if (record.success) {
        clearTimeout(timer);
        resolve(record.data);
        return;
      }
      const error = errorSchema.safeParse(parseJson(line));
      if (!error.success) fail('start-failed', 'the launcher printed something unexpected');
      else if (error.data.error.kind === 'busy') fail('already-running', error.data.error.message);
      else fail('start-failed', error.data.error.message);
    });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      lines.push(chunk);
    });
    child.on('error', (error) => {
      fail('start-failed', `cannot run ${program}: ${error.message}`);
    });
    child.on('close', () => {
      fail('start-failed', 'the launcher ended without an answer');
    });
    child.unref();
  });
}

/** One verb of `cairn-net`. Errors: `start-failed` with the program's message. */
export function runNet(programsDir: string, parameters: readonly string[]): Promise<void> {
  const program = join(programsDir, 'cairn-net');
  return new Promise((resolve, reject) => {
    execFile(program, [...parameters], { timeout: NETWORK_DEADLINE_MS }, (error, stdout) => {
      if (error === null) {
        resolve();
        return;
      }
      const told = errorSchema.safeParse(parseJson(stdout));
      const message = told.success ? told.data.error.message : error.message;
      reject(new VmRuntimeError('start-failed', message, { cause: error }));
    });
  });
}
