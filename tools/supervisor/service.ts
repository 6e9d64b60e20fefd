/**
 * One supervised process: started, watched until it is healthy, started again with back-off when it
 * dies, stopped within a bound.
 *
 * Children run in their own session, so that Ctrl-C reaches only the supervisor, which stops them in
 * order; `setpriv --pdeathsig` stops them when the supervisor itself is killed.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { LogFile } from './log-file';
import type { ProcessRecords } from './processes';

const BACKOFF_MS = [500, 1000, 2000, 4000, 8000, 15_000, 30_000] as const;
/** A service that ran this long starts again with the shortest pause. */
const STABLE_MS = 60_000;
const PROBE_EVERY_MS = 100;
const STARTS_MAX_BEFORE_HEALTHY = 3;

export interface Command {
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

export interface ServiceSpec {
  readonly name: string;
  /** Runs before each start: creates or repairs what the service needs. */
  readonly prepare?: () => Promise<void>;
  readonly command: () => Command;
  /** One probe, bounded by itself; false or an error means "not yet". */
  readonly isHealthy: () => Promise<boolean>;
  readonly startWithinMs: number;
  /** Signals of a stop, in order; after each the service has its time to exit. */
  readonly stop: readonly { readonly signal: NodeJS.Signals; readonly withinMs: number }[];
}

export interface ServiceEvents {
  /** A service died or failed to start and is started again after `pauseMs`. */
  readonly restarting: (name: string, reason: string, pauseMs: number) => void;
  readonly recovered: (name: string) => void;
}

/** A service that never became healthy; carries the last lines it said. */
export class StartFailure extends Error {
  constructor(name: string, reason: string, tail: readonly string[]) {
    const said = tail.length === 0 ? '' : `\nIts last words:\n${tail.slice(-15).join('\n')}`;
    super(`${name} did not start: ${reason}.${said}`);
  }
}

interface Exit {
  readonly reason: string;
  readonly code: number | null;
}

/** The services' exit code for "my configuration is wrong": starting again would not help. */
const EXIT_CONFIGURATION = 78;

export class Service {
  private child: ChildProcess | undefined;
  private exit: Promise<Exit> = Promise.resolve({ reason: 'never started', code: null });
  private lastExitCode: number | null = null;
  private stopping = false;
  private watcher: Promise<void> = Promise.resolve();
  private readonly stopSignal = new AbortController();

  constructor(
    private readonly spec: ServiceSpec,
    private readonly log: LogFile,
    private readonly records: ProcessRecords,
    private readonly events: ServiceEvents,
  ) {}

  get name(): string {
    return this.spec.name;
  }

  get pid(): number | undefined {
    return this.child?.pid;
  }

  /** Resolves when the service is healthy for the first time; from then on it is kept running. */
  async start(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      const outcome = await this.startOnce();
      if (outcome === 'healthy' || this.isStopping()) break;
      const hopeless = this.lastExitCode === EXIT_CONFIGURATION;
      if (attempt === STARTS_MAX_BEFORE_HEALTHY || hopeless) {
        throw new StartFailure(this.name, outcome, this.log.tail());
      }
      await this.pause(attempt, outcome);
    }
    this.watcher = this.keepRunning();
  }

  /** Sends a signal to the running process, if there is one. */
  signal(signal: NodeJS.Signals): void {
    this.child?.kill(signal);
  }

  /** Stops the service for good; never takes longer than its stop steps and one second. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.stopSignal.abort();
    for (const { signal, withinMs } of this.spec.stop) {
      if (this.child === undefined) break;
      this.signal(signal);
      await Promise.race([this.exit, sleep(withinMs, undefined, { ref: false })]);
    }
    this.killGroup();
    await Promise.race([this.exit, sleep(1000, undefined, { ref: false })]);
    await this.watcher;
    this.log.close();
  }

  private async startOnce(): Promise<string> {
    await this.spec.prepare?.();
    if (this.isStopping()) return 'stopped';
    this.spawn();
    const deadline = performance.now() + this.spec.startWithinMs;
    while (performance.now() < deadline && !this.isStopping()) {
      const exited = await Promise.race([this.exit, sleep(PROBE_EVERY_MS, undefined)]);
      if (exited !== undefined) return exited.reason;
      if (await this.probe()) return 'healthy';
    }
    if (this.isStopping()) return 'stopped';
    this.killGroup();
    await this.exit;
    return `not healthy within ${this.spec.startWithinMs / 1000} s`;
  }

  private async keepRunning(): Promise<void> {
    for (let failures = 0; !this.stopping;) {
      const started = performance.now();
      const { reason } = await this.exit;
      if (this.isStopping()) return;
      failures = performance.now() - started > STABLE_MS ? 1 : failures + 1;
      await this.pause(failures, reason);
      await this.restart();
    }
  }

  /** Starts again until healthy; a failed preparation is one more failure, never the end. */
  private async restart(): Promise<void> {
    for (let attempt = 2; !this.isStopping(); attempt += 1) {
      const outcome = await this.startOnce().catch((error: unknown) => String(error));
      if (outcome === 'healthy') {
        this.events.recovered(this.name);
        return;
      }
      if (!this.isStopping()) await this.pause(attempt, outcome);
    }
  }

  /** A method, because the flag changes while others wait. */
  private isStopping(): boolean {
    return this.stopping;
  }

  private async pause(failures: number, reason: string): Promise<void> {
    const pauseMs = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length) - 1] ?? 30_000;
    this.events.restarting(this.name, reason, pauseMs);
    await sleep(pauseMs, undefined, { signal: this.stopSignal.signal }).catch(() => undefined);
  }

  private async probe(): Promise<boolean> {
    return this.spec.isHealthy().catch(() => false);
  }

  private spawn(): void {
    const { argv, env, cwd } = this.spec.command();
    const [program, ...args] = argv;
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
      ...(cwd === undefined ? {} : { cwd }),
    });
    this.child = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => this.log.write(chunk));
    }
    this.exit = new Promise((resolve) => {
      const gone = (exit: Exit): void => {
        this.records.remove(this.name);
        this.child = undefined;
        this.lastExitCode = exit.code;
        resolve(exit);
      };
      child.once('error', (error) => gone({ reason: error.message, code: EXIT_CONFIGURATION }));
      child.once('exit', (code, signal) => {
        const reason =
          signal === null ? `it exited with code ${code ?? 0}` : `it was killed by ${signal}`;
        gone({ reason, code });
      });
    });
    if (child.pid !== undefined) this.records.add(this.name, child.pid);
  }

  private killGroup(): void {
    const pid = this.child?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}
