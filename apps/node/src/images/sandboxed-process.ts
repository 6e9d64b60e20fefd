// Runs a tool on bytes from outside with as few rights as it needs: its own user (when we are
// root), no new privileges, no capabilities, limits on memory, CPU time, files and output, one
// descriptor for the file it may read, nothing of our environment.
import { spawn } from 'node:child_process';
import { StringDecoder } from 'node:string_decoder';

/** The user and group of conversion tools when the service runs as root. Owns nothing. */
export const SANDBOX_UID = 199_999;

export interface SandboxedCommand {
  readonly program: string;
  readonly args: readonly string[];
  /** Becomes descriptor 3 of the tool, to be opened as `/proc/self/fd/3`. */
  readonly inputFd?: number;
  readonly cpuSecondsMax: number;
  readonly signal: AbortSignal;
  readonly onOutput?: (text: string) => void;
}

export interface SandboxedResult {
  readonly exitCode: number | null;
  readonly killedBy: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

const MEMORY_BYTES_MAX = 4 * 2 ** 30;
const OUTPUT_CHARS_MAX = 256 * 1024;

/** The user that a sandboxed tool runs as, or null where the service has no right to choose. */
export function sandboxUid(): number | null {
  return process.getuid?.() === 0 ? SANDBOX_UID : null;
}

/** Resolves when the tool has ended; an abort kills it first. Rejects if it cannot be started. */
export async function runSandboxed(command: SandboxedCommand): Promise<SandboxedResult> {
  const [program, ...args] = wrapped(command);
  if (program === undefined) throw new Error('empty command');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd: '/',
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'pipe', command.inputFd ?? 'ignore'],
      signal: command.signal,
      killSignal: 'SIGKILL',
    });
    const stdout = collect(command.onOutput);
    const stderr = collect();
    child.stdout?.on('data', stdout.add);
    child.stderr?.on('data', stderr.add);
    child.once('error', (error) => {
      if (!command.signal.aborted) reject(error);
    });
    child.once('close', (exitCode, killedBy) =>
      resolve({ exitCode, killedBy, stdout: stdout.text(), stderr: stderr.text() }),
    );
  });
}

function wrapped(command: SandboxedCommand): string[] {
  const limits = [
    'prlimit',
    `--as=${MEMORY_BYTES_MAX}`,
    `--cpu=${command.cpuSecondsMax}`,
    '--nofile=64',
    '--core=0',
    '--fsize=0',
  ];
  const uid = sandboxUid();
  const identity =
    uid === null
      ? ['setpriv', '--no-new-privs']
      : [
          'setpriv',
          `--reuid=${uid}`,
          `--regid=${uid}`,
          '--clear-groups',
          '--no-new-privs',
          '--bounding-set=-all',
          '--inh-caps=-all',
        ];
  return [...limits, ...identity, '--', command.program, ...command.args];
}

/** Keeps the end of the output: the reason for a failure comes last. */
function collect(listener?: (text: string) => void): {
  add: (chunk: Buffer) => void;
  text: () => string;
} {
  const decoder = new StringDecoder('utf8');
  let kept = '';
  return {
    add: (chunk) => {
      const text = decoder.write(chunk);
      kept = (kept + text).slice(-OUTPUT_CHARS_MAX);
      listener?.(text);
    },
    text: () => kept,
  };
}
