/** Real etcd members in temporary directories, for tests: one alone, or one of a cluster under mutual TLS. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { etcdArguments, type EtcdMemberConfig } from '../etcd/etcd-arguments';
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

type Join = Pick<EtcdMemberConfig, 'initialCluster' | 'state'>;

export class EtcdProcess {
  private child: ChildProcess | null = null;
  private join: Join;
  private generation = 0;

  private constructor(
    readonly name: string,
    private readonly ports: { readonly client: number; readonly peer: number },
    private readonly directory: string,
    private readonly tls: EtcdMemberConfig['tls'],
  ) {
    this.join = { initialCluster: [{ name, peerUrl: this.peerUrl }], state: 'new' };
  }

  get endpoint(): string {
    return `127.0.0.1:${this.ports.client}`;
  }

  get peerUrl(): string {
    return `${this.scheme}://127.0.0.1:${this.ports.peer}`;
  }

  get running(): boolean {
    return this.child !== null;
  }

  private get scheme(): string {
    return this.tls === null ? 'http' : 'https';
  }

  /** Starts a member of its own and waits until it answers. Rejects when etcd is not installed. */
  static async start(): Promise<EtcdProcess> {
    const etcd = await EtcdProcess.prepare('test', null);
    await etcd.run();
    return etcd;
  }

  /** A member that does not run yet. */
  static async prepare(name: string, tls: EtcdMemberConfig['tls']): Promise<EtcdProcess> {
    const directory = await mkdtemp(join(tmpdir(), 'cairn-etcd-'));
    const ports = { client: await freePort(), peer: await freePort() };
    return new EtcdProcess(name, ports, directory, tls);
  }

  /** Starts the member, again after `kill`, with its data, and waits until it answers in clear text. */
  async run(): Promise<void> {
    await this.launch();
    const store = new EtcdStore({ endpoints: [this.endpoint] });
    try {
      await this.untilAnswered(() => store.get('/', { timeoutMs: 1000 }));
    } finally {
      store.close();
    }
  }

  /** Starts the member as one of a cluster, with empty data unless it ran for the same `join`; does not wait. */
  async launch(join?: Join): Promise<void> {
    if (join !== undefined) {
      this.join = join;
      this.generation += 1;
    }
    const clientUrl = `${this.scheme}://${this.endpoint}`;
    const config: EtcdMemberConfig = {
      name: this.name,
      dataDirectory: `${this.directory}/${this.generation}`,
      clusterId: 'a test',
      clientUrls: [clientUrl],
      peerUrl: this.peerUrl,
      ...this.join,
      tls: this.tls,
    };
    const log = process.env['CAIRN_TEST_ETCD_LOG'] === undefined ? 'ignore' : 'inherit';
    const child = spawn('etcd', etcdArguments(config), { stdio: ['ignore', log, log] });
    await once(child, 'spawn');
    this.child = child;
  }

  /** Tries until `ask` is fulfilled. */
  async untilAnswered(ask: () => Promise<unknown>): Promise<void> {
    const deadline = performance.now() + START_MS_MAX;
    for (;;) {
      const answers = await ask().then(
        () => true,
        () => false,
      );
      if (answers) return;
      if (this.child?.exitCode !== null || performance.now() > deadline) {
        throw new Error('etcd did not start');
      }
      await delay(20);
    }
  }

  /** The process hangs, with its connections open, until `resume`. */
  pause(): void {
    this.child?.kill('SIGSTOP');
  }

  resume(): void {
    this.child?.kill('SIGCONT');
  }

  async kill(): Promise<void> {
    const { child } = this;
    this.child = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
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
