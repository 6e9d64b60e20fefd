/**
 * Runs the `openssl` program. A passphrase travels through a pipe (`-passin fd:3`), never in argv, the environment or a
 * file; files of one run live in a private directory that is removed with it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { IdentityError } from './identity-error';

const RUN_MS_MAX = 10_000;
const OUTPUT_BYTES_MAX = 256 * 1024;
export const PASSPHRASE_ARGUMENTS = ['-passin', 'fd:3'] as const;

export interface OpensslRun {
  readonly args: readonly string[];
  /** What `PASSPHRASE_ARGUMENTS` refer to. */
  readonly passphrase?: string;
  readonly cwd?: string;
}

export interface OpensslAnswer {
  readonly output: string;
  /** What it said about it; the verdict of `-verify` stands only here. */
  readonly remarks: string;
}

/** Throws IdentityError `openssl` with the program's own words, which hold no secrets. */
export function openssl({ args, passphrase, cwd }: OpensslRun): Promise<OpensslAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn('openssl', args, {
      cwd,
      // The program reads its configuration only from the file it is given.
      env: { PATH: process.env['PATH'], OPENSSL_CONF: '/dev/null' },
      stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
      timeout: RUN_MS_MAX,
      killSignal: 'SIGKILL',
    });
    const output = { out: '', err: '' };
    const collect = (stream: 'out' | 'err') => (chunk: Buffer) => {
      if (output[stream].length < OUTPUT_BYTES_MAX) output[stream] += chunk.toString('utf8');
    };
    child.stdout?.on('data', collect('out'));
    child.stderr?.on('data', collect('err'));
    const secret = child.stdio[3];
    if (secret !== null && secret !== undefined && 'end' in secret) {
      secret.on('error', () => undefined); // It ended before it read: its exit code tells.
      secret.end(passphrase === undefined ? '' : `${passphrase}\n`);
    }
    child.on('error', (cause) => {
      reject(new IdentityError('openssl', 'the openssl program cannot be run', { cause }));
    });
    child.on('close', (code) => {
      if (code === 0) resolve({ output: output.out, remarks: output.err });
      else
        reject(new IdentityError('openssl', `openssl ${args[0] ?? ''}: ${lastLine(output.err)}`));
    });
  });
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? 'no message';
}

/** Calls `use` with a directory that only this user can read and that holds `files`. */
export async function withPrivateFiles<Result>(
  files: Readonly<Record<string, string>>,
  use: (directory: string) => Promise<Result>,
): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-identity-'));
  try {
    for (const [name, content] of Object.entries(files)) {
      await writeFile(join(directory, name), content, { mode: 0o600 });
    }
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
