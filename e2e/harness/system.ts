/**
 * A whole Cairn for tests: started as a user starts it (`tools/start.mjs`), in a temporary directory,
 * on a free port, with the real etcd, PostgreSQL, cairn-storage and cairn-node.
 */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import type { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { createCairnClient, unwrap, type CairnClient } from '@cairn/api-client';
import { z } from 'zod';
import { pinnedFetch } from './pinned-fetch';

const execute = promisify(execFile);

const START = join(__dirname, '../../tools/start.mjs');
const START_WITHIN_MS = 120_000;
const STOP_WITHIN_MS = 80_000;
export const ADMIN_PASSWORD = 'correct horse battery staple';

const readySchema = z.object({
  url: z.string(),
  fingerprint: z.string(),
  dataDir: z.string(),
  runDir: z.string(),
  logDir: z.string(),
  secretsDir: z.string(),
  etcdEndpoint: z.string(),
  bootstrapPassword: z.string().optional(),
});
type Ready = z.infer<typeof readySchema>;

/** What another process needs to use a running system. */
export interface SystemAddress extends Ready {
  readonly stateDir: string;
  readonly certificate: string;
  /** An API token of the administrator. */
  readonly token: string;
}

export type ServiceName = 'etcd' | 'postgresql' | 'cairn-storage' | 'cairn-node';

/** A running system as its users see it. */
export class System {
  readonly client: CairnClient;
  private readonly agent: Agent;

  constructor(readonly address: SystemAddress) {
    const { fetch, agent } = pinnedFetch(address.certificate);
    this.agent = agent;
    this.client = createCairnClient({ baseUrl: address.url, token: address.token, fetch });
  }

  /** A request that the typed client would not let through; the answer is not checked. */
  async send(method: string, path: string, options: RawRequest = {}): Promise<Response> {
    const { fetch } = pinnedFetch(this.address.certificate);
    const headers = new Headers(options.headers);
    if (options.anonymous !== true) headers.set('authorization', `Bearer ${this.address.token}`);
    if (options.json !== undefined) headers.set('content-type', 'application/json');
    const body = options.json === undefined ? options.body : JSON.stringify(options.json);
    const request = new Request(new URL(path, this.address.url), {
      method,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return fetch(request);
  }

  /** The process of a service now; cairn-storage is the daemon below its keeper. */
  async pidOf(service: ServiceName): Promise<number> {
    const file = join(this.address.runDir, 'pids', `${service}.json`);
    const { pid } = z.object({ pid: z.number() }).parse(JSON.parse(readFileSync(file, 'utf8')));
    if (service !== 'cairn-storage') return pid;
    const { stdout } = await execute('pgrep', ['-P', String(pid)]);
    return Number(stdout.trim().split('\n')[0]);
  }

  async kill(service: ServiceName, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    process.kill(await this.pidOf(service), signal);
  }

  /** Resolves when the node serves requests again. */
  async untilReady(withinMs = 60_000): Promise<void> {
    const deadline = performance.now() + withinMs;
    while (performance.now() < deadline) {
      const answer = await this.send('GET', '/readyz', { anonymous: true }).catch(() => undefined);
      await answer?.arrayBuffer();
      if (answer?.status === 200) return;
      await sleep(100);
    }
    throw new Error(`The node was not ready within ${withinMs / 1000} s.`);
  }

  /** Closes the connections of this client; the system goes on. */
  close(): void {
    this.agent.destroy();
  }
}

export interface RawRequest {
  readonly json?: unknown;
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Record<string, string>;
  readonly anonymous?: boolean;
}

/** A system together with its processes, owned by the one who started it. */
export class OwnedSystem {
  private constructor(
    private readonly parent: string,
    private child: ChildProcess,
    private ended: Promise<number | null>,
    readonly address: SystemAddress,
  ) {}

  /** Starts a system and logs its administrator in. */
  static async start(): Promise<OwnedSystem> {
    const parent = mkdtempSync(join(tmpdir(), 'cairn-e2e-'));
    const started = await startProcess(parent);
    try {
      const address = await firstLogIn(started.ready);
      return new OwnedSystem(parent, started.child, started.ended, address);
    } catch (error) {
      showLogs(started.ready.logDir);
      await stopProcess(started.child, started.ended);
      throw error;
    }
  }

  /** The process that was started as `npm start` does; all others are below it. */
  get pid(): number {
    return this.child.pid ?? 0;
  }

  /** Sends Ctrl-C and waits; resolves with the exit code. */
  async stop(): Promise<number | null> {
    return stopProcess(this.child, this.ended);
  }

  /** Kills the supervisor's process tree at its root, as a crash would. */
  async crash(): Promise<void> {
    const { stdout } = await execute('pgrep', ['-P', String(this.child.pid)]);
    for (const pid of stdout.trim().split('\n')) process.kill(Number(pid), 'SIGKILL');
    await this.ended;
  }

  /** Starts the same system again after `stop` or `crash`. */
  async startAgain(): Promise<void> {
    const started = await startProcess(this.parent);
    this.child = started.child;
    this.ended = started.ended;
  }

  /** Removes everything; the system must have been stopped. */
  remove(): void {
    rmSync(this.parent, { recursive: true, force: true });
  }
}

interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  readonly ready: Ready;
}

async function startProcess(parent: string): Promise<Started> {
  const data = join(parent, 'data');
  const args = [START, '--no-setup', '--json', '--data', data, '--listen', '127.0.0.1:0'];
  // A test run that is interrupted takes its system along.
  const program = ['--pdeathsig', 'TERM', '--', process.execPath, ...args];
  const child = spawn('setpriv', program, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
  const ready = await new Promise<Ready>((resolve, reject) => {
    const timer = setTimeout(() => {
      reject(new Error(`The system did not start within ${START_WITHIN_MS / 1000} s.`));
      child.kill('SIGTERM');
    }, START_WITHIN_MS);
    createInterface({ input: child.stdout }).on('line', (line) => {
      const event = z.looseObject({ event: z.string() }).parse(JSON.parse(line));
      if (event.event === 'failed') reject(new Error(String(event['message'])));
      if (event.event === 'ready') resolve(readySchema.parse(event));
      if (event.event === 'ready') clearTimeout(timer);
    });
    void ended.then((code) => {
      clearTimeout(timer);
      reject(new Error(`The system ended with code ${String(code)} at its start.\n${said}`));
    });
  });
  return { child, ended, ready };
}

async function stopProcess(
  child: ChildProcess,
  ended: Promise<number | null>,
): Promise<number | null> {
  child.kill('SIGTERM');
  const code = await Promise.race([ended, sleep(STOP_WITHIN_MS, 'late' as const, { ref: false })]);
  if (code !== 'late') return code;
  child.kill('SIGKILL');
  throw new Error(`The system did not stop within ${STOP_WITHIN_MS / 1000} s.`);
}

/** What an administrator does first: log in, change the one-time password, make a token. */
async function firstLogIn(ready: Ready): Promise<SystemAddress> {
  const certificate = readFileSync(join(ready.secretsDir, 'tls.crt'), 'utf8');
  const { fetch, agent } = pinnedFetch(certificate);
  let cookie = '';
  let csrfToken = '';
  const withCookie = async (request: Request, init?: RequestInit): Promise<Response> => {
    if (cookie !== '') request.headers.set('cookie', cookie);
    const response = await fetch(request, init);
    const [fresh] = response.headers.getSetCookie();
    if (fresh !== undefined) cookie = fresh.split(';')[0] ?? '';
    return response;
  };
  const client = createCairnClient({
    baseUrl: ready.url,
    csrfToken: () => csrfToken,
    fetch: withCookie,
  });
  const oneTime = ready.bootstrapPassword ?? '';
  const logIn = { userName: 'admin', password: oneTime };
  const session = unwrap(await client.POST('/api/v1/sessions', { body: logIn }));
  csrfToken = session.csrfToken ?? '';
  const change = { currentPassword: oneTime, newPassword: ADMIN_PASSWORD };
  const path = '/api/v1/sessions/current/actions/change-password';
  const changed = unwrap(await client.POST(path, { body: change }));
  csrfToken = changed.csrfToken ?? '';
  const { secret } = unwrap(await client.POST('/api/v1/api-tokens', { body: { name: 'e2e' } }));
  agent.destroy();
  return { ...ready, stateDir: join(ready.dataDir, 'n1'), certificate, token: secret };
}

/** Shows the end of every log, for a start that failed. */
function showLogs(logDir: string): void {
  for (const name of readdirSync(logDir)) {
    const lines = readFileSync(join(logDir, name), 'utf8').trim().split('\n').slice(-12);
    process.stderr.write(`--- ${name}\n${lines.join('\n')}\n`);
  }
}
