/**
 * Processes of an earlier life. A supervisor that was killed leaves a record of each child; the next
 * one stops whatever of them still runs before it starts its own. A pid alone is never trusted: the
 * record carries the start time, and a zombie that nobody reaps counts as gone.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

const POLL_MS = 50;

const recordSchema = z.strictObject({ pid: z.number().int().min(2), startTicks: z.string() });

/** What /proc says of a process; undefined when it is gone or only a zombie. */
export function startTicksOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name in parentheses may hold anything; fields are counted after its last ')'.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const [state] = fields;
    return state === 'Z' || state === 'X' ? undefined : fields[19];
  } catch {
    return undefined;
  }
}

/** Records of the children this supervisor runs, one file each in `<runDir>/pids`. */
export class ProcessRecords {
  private readonly directory: string;

  constructor(runDir: string) {
    this.directory = join(runDir, 'pids');
    mkdirSync(this.directory, { recursive: true, mode: 0o700 });
  }

  add(name: string, pid: number): void {
    const startTicks = startTicksOf(pid);
    if (startTicks === undefined) return;
    writeFileSync(join(this.directory, `${name}.json`), JSON.stringify({ pid, startTicks }));
  }

  remove(name: string): void {
    rmSync(join(this.directory, `${name}.json`), { force: true });
  }

  /** Stops what an earlier supervisor left running; returns the names of what it found. */
  async stopLeftovers(graceMs: number): Promise<readonly string[]> {
    const found: string[] = [];
    for (const file of readdirSync(this.directory)) {
      const record = readRecord(join(this.directory, file));
      if (record !== undefined && startTicksOf(record.pid) === record.startTicks) {
        found.push(file.replace(/\.json$/, ''));
        await stopProcess(record.pid, graceMs);
      }
      rmSync(join(this.directory, file), { force: true });
    }
    return found;
  }
}

/** SIGTERM, and after the grace time SIGKILL; resolves when the process is gone. */
export async function stopProcess(pid: number, graceMs: number): Promise<void> {
  signalProcess(pid, 'SIGTERM');
  if (await waitUntilGone(pid, graceMs)) return;
  signalProcess(pid, 'SIGKILL');
  if (!(await waitUntilGone(pid, graceMs))) throw new Error(`Process ${pid} does not die.`);
}

/** The processes whose working directory is `directory` (wherever it is mounted for them). */
export function processesIn(directory: string): readonly number[] {
  if (!existsSync(directory)) return [];
  const wanted = statSync(directory);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      const there = workingDirectory(pid);
      return there?.dev === wanted.dev && there.ino === wanted.ino;
    });
}

function workingDirectory(pid: number): { readonly dev: number; readonly ino: number } | undefined {
  try {
    return startTicksOf(pid) === undefined ? undefined : statSync(`/proc/${pid}/cwd`);
  } catch {
    return undefined;
  }
}

function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function waitUntilGone(pid: number, timeoutMs: number): Promise<boolean> {
  const ticks = startTicksOf(pid);
  for (let waitedMs = 0; waitedMs < timeoutMs; waitedMs += POLL_MS) {
    const current = startTicksOf(pid);
    if (current === undefined || current !== ticks) return true;
    await sleep(POLL_MS);
  }
  return startTicksOf(pid) === undefined;
}

function readRecord(path: string): z.infer<typeof recordSchema> | undefined {
  try {
    return recordSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    // Torn by a crash in the middle of its writing: the process died with its parent.
    return undefined;
  }
}
