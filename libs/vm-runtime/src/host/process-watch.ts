/**
 * The face of `cairn-vm-watch`: tells when processes end, through pidfds that it holds, and
 * signals them without the race of a recycled pid.
 *
 * The program is our child and carries no state that matters: when it dies it is started again
 * and watches the same processes; one that ended meanwhile is reported then.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { z } from 'zod';
import { VmRuntimeError } from '../vm-runtime';
import { LineReader, parseJson } from './line-reader';
import { within } from './waiting';

const ANSWER_DEADLINE_MS = 5000;
const RESTART_DELAY_MS = 200;

const lineSchema = z.object({
  event: z.enum(['watching', 'gone', 'signalled', 'refused', 'exited']),
  id: z.string(),
  reason: z.string().optional(),
});

export interface ProcessRef {
  readonly pid: number;
  /** Clock ticks since boot, as text: it may not fit a number. */
  readonly startTime: string;
}

interface Watched {
  readonly process: ProcessRef;
  readonly onExit: () => void;
}

type Child = ChildProcessByStdio<Writable, Readable, null>;

export class ProcessWatch {
  private readonly watched = new Map<string, Watched>();
  private readonly answers = new Map<string, ((event: string) => void)[]>();
  private child: Child | null = null;
  private restart: NodeJS.Timeout | null = null;
  private disposed = false;

  constructor(
    private readonly program: string,
    private readonly onTrouble: (message: string) => void,
  ) {}

  /** Resolves to whether the process lives. `onExit` is called once, later, when it ends. */
  async watch(id: string, process: ProcessRef, onExit: () => void): Promise<boolean> {
    this.watched.set(id, { process, onExit });
    const answer = await this.ask(id, `watch ${id} ${process.pid} ${process.startTime}`);
    if (answer === 'watching') return true;
    this.watched.delete(id);
    if (answer === 'gone' || answer === 'exited') return false;
    throw new VmRuntimeError('command-failed', `process ${process.pid} cannot be watched`);
  }

  unwatch(id: string): void {
    if (this.watched.delete(id)) this.child?.stdin.write(`unwatch ${id}\n`);
  }

  /** Sends SIGKILL; a process that is gone already is no error. */
  async kill(id: string): Promise<void> {
    if (this.watched.has(id)) await this.ask(id, `signal ${id} 9`);
  }

  dispose(): void {
    this.disposed = true;
    if (this.restart !== null) clearTimeout(this.restart);
    this.child?.stdin.end();
    this.watched.clear();
  }

  private ask(id: string, line: string): Promise<string> {
    const answer = new Promise<string>((resolve) => {
      this.answers.set(id, [...(this.answers.get(id) ?? []), resolve]);
    });
    this.running().stdin.write(`${line}\n`);
    return within(ANSWER_DEADLINE_MS, answer, () => 'refused');
  }

  private running(): Child {
    if (this.child !== null) return this.child;
    const child = spawn(this.program, [], { stdio: ['pipe', 'pipe', 'inherit'] });
    const lines = new LineReader(4096, (line) => {
      this.receive(line);
    });
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      lines.push(chunk);
    });
    child.stdin.on('error', () => undefined);
    child.on('error', (error) => {
      this.ended(child, error.message);
    });
    child.on('exit', (code, signal) => {
      this.ended(child, `it exited (${signal ?? code ?? '?'})`);
    });
    child.unref();
    this.child = child;
    return child;
  }

  private receive(line: string): void {
    const parsed = lineSchema.safeParse(parseJson(line));
    if (!parsed.success) {
      this.onTrouble('cairn-vm-watch printed something unexpected');
      return;
    }
    const { event, id } = parsed.data;
    if (event !== 'exited') {
      const [first, ...rest] = this.answers.get(id) ?? [];
      this.answers.set(id, rest);
      first?.(event);
      if (event === 'gone' && first === undefined) this.report(id);
      return;
    }
    this.report(id);
  }

  private report(id: string): void {
    const watched = this.watched.get(id);
    this.watched.delete(id);
    this.answers.delete(id);
    watched?.onExit();
  }

  private ended(child: Child, why: string): void {
    if (this.child !== child) return;
    this.child = null;
    for (const waiting of [...this.answers.values()].flat()) waiting('refused');
    this.answers.clear();
    if (this.disposed) return;
    this.onTrouble(`cairn-vm-watch is started again: ${why}`);
    this.restart = setTimeout(() => {
      this.restart = null;
      if (this.disposed || this.watched.size === 0) return;
      const child = this.running();
      for (const [id, { process }] of this.watched) {
        child.stdin.write(`watch ${id} ${process.pid} ${process.startTime}\n`);
      }
    }, RESTART_DELAY_MS);
  }
}
