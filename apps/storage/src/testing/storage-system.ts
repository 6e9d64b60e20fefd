/** The daemon as it runs: its bundle, under the keeper, with a real etcd, on a drive file. For integration tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { StorageClient } from '@cairn/block-store';
import { EtcdProcess } from '@cairn/cluster';
import type { StorageDrive } from '@cairn/contracts';
import { CLUSTER_ID, GIB, NODE_ID } from './world';

const ROOT = resolve(__dirname, '../../../..');
export const KEEPER = join(ROOT, 'native/build/release/host/cairn-keeper');
export const DAEMON = join(ROOT, 'apps/storage/dist/main.js');

const SERVING_MS_MAX = 60_000;

export class StorageSystem {
  readonly directory = mkdtempSync(join(tmpdir(), 'cairn-st-'));
  readonly storage = new StorageClient({ socketPath: join(this.directory, 'run/storage.sock') });
  readonly driveFile = join(this.directory, 'state/storage/drive0.cairn');
  private keeper: ChildProcess | null = null;
  private output = '';

  private constructor(readonly etcd: EtcdProcess) {}

  static async start(): Promise<StorageSystem> {
    const system = new StorageSystem(await EtcdProcess.start());
    await system.run();
    await system.untilServing();
    return system;
  }

  environment(): Record<string, string> {
    return {
      PATH: process.env['PATH'] ?? '/usr/bin:/bin',
      CAIRN_NODE_ID: NODE_ID,
      CAIRN_CLUSTER_ID: CLUSTER_ID,
      CAIRN_STATE_DIR: join(this.directory, 'state'),
      CAIRN_RUN_DIR: join(this.directory, 'run'),
      CAIRN_ETCD_ENDPOINTS: this.etcd.endpoint,
    };
  }

  /** Starts the keeper, which starts the daemon. */
  async run(): Promise<void> {
    await mkdir(join(this.directory, 'run'), { recursive: true });
    const child = spawn(KEEPER, ['--', process.execPath, DAEMON], {
      env: this.environment(),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text: Buffer) => {
        this.output += text.toString();
      });
    }
    await once(child, 'spawn');
    this.keeper = child;
  }

  log(): string {
    return this.output;
  }

  async untilServing(): Promise<void> {
    await this.until('the daemon serves', () =>
      this.storage.status({ timeoutMs: 1000 }).then((status) => status.state === 'serving'),
    );
  }

  /** Waits for something that may fail meanwhile. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = performance.now() + SERVING_MS_MAX;
    while (!(await holds().catch(() => false))) {
      if (performance.now() > deadline) throw new Error(`not in time: ${what}\n${this.output}`);
      await delay(10);
    }
  }

  addDrive(): Promise<StorageDrive> {
    return this.storage.addDrive({ path: this.driveFile, createBytes: GIB });
  }

  /** An attached volume: its id and the address for NBD clients. */
  async attachedVolume(sizeBytes: number): Promise<{ id: string; socket: string; uri: string }> {
    const { id } = await this.storage.createVolume({ name: 'test', sizeBytes });
    const { socketPath, exportName } = await this.storage.attachVolume(id, {});
    return { id, socket: socketPath, uri: `nbd+unix:///${exportName}?socket=${socketPath}` };
  }

  async daemonPid(): Promise<number> {
    const pid = this.keeper?.pid ?? 0;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
    return Number(children.trim().split(' ')[0]);
  }

  /** Kills the daemon like a crash would; the keeper starts it again. */
  async killDaemon(): Promise<void> {
    process.kill(await this.daemonPid(), 'SIGKILL');
  }

  /** Stops the keeper, which stops the daemon. Gives the exit code. */
  async stop(): Promise<number | null> {
    const { keeper } = this;
    this.keeper = null;
    if (keeper === null || keeper.exitCode !== null) return keeper?.exitCode ?? null;
    const exited = once(keeper, 'exit');
    keeper.kill('SIGTERM');
    await exited;
    return keeper.exitCode;
  }

  async dispose(): Promise<void> {
    await this.stop();
    await this.etcd.stop();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** Milliseconds until an NBD connection to `socket` is greeted. One that a dying daemon took is tried again. */
export async function greetingMs(socket: string): Promise<number> {
  const begin = performance.now();
  for (let greeted = false; !greeted;) {
    const connection = connect(socket);
    greeted = await new Promise<boolean>((resolve) => {
      connection.once('data', () => {
        resolve(true);
      });
      connection.once('close', () => {
        resolve(false);
      });
      connection.once('error', () => undefined); // 'close' follows.
    });
    connection.destroy();
  }
  return performance.now() - begin;
}

/** Runs a program to its end; rejects unless it succeeds. Gives its output. */
export async function run(program: string, args: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text: Buffer) => {
      output += text.toString();
    });
  }
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0)
    throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}\n${output}`);
  return output;
}
