/** A real etcd in a temporary directory, for tests. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { EtcdStore } from '../etcd/etcd-store';

const START_MS_MAX = 20_000;

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

export class EtcdProcess {
  private child: ChildProcess | null = null;

  private constructor(
    readonly endpoint: string,
    private readonly peerUrl: string,
    private readonly directory: string,
  ) {}

  /** Starts a member of its own and waits until it answers. Rejects when etcd is not installed. */
  static async start(): Promise<EtcdProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'cairn-etcd-'));
    const [client, peer] = [await freePort(), await freePort()];
    const etcd = new EtcdProcess(`127.0.0.1:${client}`, `http://127.0.0.1:${peer}`, directory);
    await etcd.run();
    return etcd;
  }

  /** Starts the member again after `kill`, with its data. */
  async run(): Promise<void> {
    const url = `http://${this.endpoint}`;
    const child = spawn(
      'etcd',
      [
        ['--name', 'test', '--data-dir', this.directory, '--pre-vote=true', '--log-level', 'error'],
        ['--listen-client-urls', url, '--advertise-client-urls', url],
        ['--listen-peer-urls', this.peerUrl, '--initial-advertise-peer-urls', this.peerUrl],
        ['--initial-cluster', `test=${this.peerUrl}`],
        ['--heartbeat-interval', '50', '--election-timeout', '500'],
      ].flat(),
      { stdio: 'ignore' },
    );
    await once(child, 'spawn');
    this.child = child;
    const store = new EtcdStore({ endpoints: [this.endpoint] });
    const deadline = performance.now() + START_MS_MAX;
    try {
      for (;;) {
        const answers = await store.get('/', { timeoutMs: 1000 }).then(
          () => true,
          () => false,
        );
        if (answers) return;
        if (child.exitCode !== null || performance.now() > deadline) {
          throw new Error('etcd did not start');
        }
        await delay(20);
      }
    } finally {
      store.close();
    }
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child?.exitCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** Kills the member and removes its data. */
  async stop(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}
