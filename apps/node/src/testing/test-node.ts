// A whole service in one process for tests: real HTTP, real PostgreSQL, and fakes (or real things)
// for the rest of the world.
import { FakeStorage, type Storage } from '@cairn/block-store';
import { FakeKeyValueStore } from '@cairn/cluster';
import { createLogger } from '@cairn/telemetry';
import { FakeVmRuntime, type AccelerationReport, type VmRuntime } from '@cairn/vm-runtime';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { randomUUID } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Lifecycle } from '../lifecycle';
import type { Environment } from '../platform/environment';
import { createApp } from '../platform/http';
import type { World } from '../platform/platform.module';

export const BOOTSTRAP_PASSWORD = 'first one-time password';
export const ADMIN_PASSWORD = 'a good long password';
const LOCAL_TOKEN = 'local-token-of-this-test-0123456789';

const SOFTWARE_EMULATION: AccelerationReport = {
  verdict: 'absent',
  accelerator: 'tcg',
  reason: 'A test does not look for KVM.',
  rateMillionPerSecond: null,
  elapsedMs: 0,
};

export interface TestNodeOptions {
  readonly databaseUrl: string;
  readonly storage?: Storage;
  readonly runtime?: (environment: Environment) => Promise<VmRuntime>;
  /** Reuses the state of a node that was stopped. */
  readonly stateOf?: TestNode;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: unknown;
  readonly text: string;
}

/** Picks a value out of an answer by a dotted path; fails the test when it is not there. */
export function pick(answer: unknown, path: string): unknown {
  let value: unknown = isAnswer(answer) ? answer.body : answer;
  for (const step of path.split('.')) {
    if (typeof value !== 'object' || value === null || !(step in value)) {
      throw new Error(`no ${path} in ${JSON.stringify(isAnswer(answer) ? answer.body : answer)}`);
    }
    value = Reflect.get(value, step);
  }
  return value;
}

export function pickString(answer: unknown, path: string): string {
  const value = pick(answer, path);
  if (typeof value !== 'string') throw new Error(`${path} is not a string`);
  return value;
}

function isAnswer(value: unknown): value is Answer {
  return typeof value === 'object' && value !== null && 'headers' in value && 'text' in value;
}

export class TestNode {
  private constructor(
    readonly environment: Environment,
    readonly app: NestExpressApplication,
    readonly storage: Storage,
    readonly runtime: VmRuntime,
    readonly url: string,
    private readonly home: string,
  ) {}

  static async start(options: TestNodeOptions): Promise<TestNode> {
    const home = options.stateOf?.home ?? (await mkdtemp(join(tmpdir(), 'cairn-node-test-')));
    const environment = options.stateOf?.environment ?? (await environmentIn(home, options));
    const runtime = (await options.runtime?.(environment)) ?? new FakeVmRuntime();
    const storage = options.storage ?? new FakeStorage();
    const world: World = {
      environment,
      logger: createLogger({ name: 'test', level: logLevel() }),
      storage,
      runtime,
      acceleration: SOFTWARE_EMULATION,
      clusterStore: new FakeKeyValueStore(),
    };
    const app = await createApp(world, null);
    await app.get(Lifecycle).start();
    await app.listen(0, '127.0.0.1');
    const url = await app.getUrl();
    const node = new TestNode(environment, app, storage, runtime, url, home);
    await node.untilServing();
    return node;
  }

  /** Sends a request as the node's local administrator, unless `headers` say otherwise. */
  async send(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const isBytes = body instanceof Uint8Array;
    const response = await fetch(`${this.url}${path}`, {
      method,
      redirect: 'manual',
      headers: {
        ...('authorization' in headers ? {} : { authorization: `Bearer ${LOCAL_TOKEN}` }),
        ...(body === undefined || isBytes ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: isBytes ? Buffer.from(body) : JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text), text };
  }

  async api(method: string, path: string, body?: unknown, headers?: Record<string, string>) {
    return this.send(method, `/api/v1${path}`, body, headers);
  }

  /** Asks and waits for the task to end within a minute. */
  async apiWait(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.api(method, path, body, { prefer: 'wait=60' });
  }

  /** Stops the service as a signal would; the state stays for a later start. */
  async stop(): Promise<void> {
    await this.app.get(Lifecycle).stop();
    this.app.getHttpServer().closeAllConnections();
    await this.app.close();
  }

  async destroy(): Promise<void> {
    await this.stop();
    await rm(this.home, { recursive: true, force: true });
  }

  private async untilServing(): Promise<void> {
    for (let attempt = 0; attempt < 400; attempt += 1) {
      if ((await this.send('GET', '/readyz')).status === 200) return;
      await new Promise((done) => setTimeout(done, 25));
    }
    throw new Error('the service did not become ready');
  }
}

async function environmentIn(home: string, options: TestNodeOptions): Promise<Environment> {
  const passwordFile = join(home, 'bootstrap-password');
  await writeFile(passwordFile, `${BOOTSTRAP_PASSWORD}\n`, { mode: 0o600 });
  await mkdir(join(home, 'run'), { recursive: true, mode: 0o755 });
  const checkoutDir = resolve(__dirname, '../../../..');
  return {
    nodeId: randomUUID(),
    nodeName: 'n1',
    clusterId: randomUUID(),
    stateDir: join(home, 'state'),
    runDir: join(home, 'run'),
    etcdEndpoints: [],
    databaseUrl: options.databaseUrl,
    storageSocket: '/nowhere',
    listen: { host: '127.0.0.1', port: 0 },
    tls: null,
    consoleDir: null,
    bootstrapPasswordFile: passwordFile,
    metricsToken: null,
    localToken: LOCAL_TOKEN,
    checkoutDir,
    programsDir: join(checkoutDir, 'native/build/release/host'),
    logLevel: 'info',
  };
}

function logLevel(): 'debug' | 'silent' {
  return process.env['CAIRN_TEST_LOG'] === undefined ? 'silent' : 'debug';
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
