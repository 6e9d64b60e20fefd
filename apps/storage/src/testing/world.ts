/** A machine for unit tests: drives, etcd, a supervisor, and lives of the daemon's services that can be killed at any step. */
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import {
  EngineError,
  FakeEngine,
  type Descriptors,
  type Engine,
  type EngineMethod,
  type EngineParams,
  type EngineResult,
  type FakeDrive,
} from '@cairn/block-store';
import { FakeKeyValueStore } from '@cairn/cluster';
import { createLogger } from '@cairn/telemetry';
import { DriveCandidates } from '../drives/drive-candidates';
import { DriveService } from '../drives/drive-service';
import { Facts } from '../facts';
import { KeptSockets } from '../kept-sockets';
import { VolumeService } from '../volumes/volume-service';

export const NODE_ID = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001';
export const CLUSTER_ID = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002';
export const GIB = 2 ** 30;

/** Counts what happens outside the process, and ends the process at the chosen step: nothing after it runs. */
class Steps {
  taken = 0;
  private killAt = Number.POSITIVE_INFINITY;
  private tellDeath: () => void = () => undefined;
  /** Resolves when the process has died. */
  readonly death = new Promise<'killed'>((resolve) => {
    this.tellDeath = () => {
      resolve('killed');
    };
  });

  killAtStep(step: number): void {
    this.killAt = step;
  }

  async tick(): Promise<void> {
    this.taken += 1;
    if (this.taken < this.killAt) return;
    this.tellDeath();
    await new Promise<never>(() => undefined);
  }
}

/** The engine of one life: each command is a step, and its answer is another. */
class SteppingEngine implements Engine {
  constructor(
    readonly engine: FakeEngine,
    private readonly steps: Steps,
  ) {}

  async call<M extends EngineMethod>(method: M, params: EngineParams<M>): Promise<EngineResult<M>> {
    await this.steps.tick();
    this.forgetRemovedFiles();
    const result = await this.engine.call(method, params);
    this.makeFiles();
    await this.steps.tick();
    return result;
  }

  /** The fake engine's files are files for the rest of the daemon. */
  private makeFiles(): void {
    for (const [path, drive] of this.engine.drives) {
      if (!drive.isBlockDevice && !existsSync(path)) writeFileSync(path, '');
    }
  }

  private forgetRemovedFiles(): void {
    for (const [path, drive] of this.engine.drives) {
      if (!drive.isBlockDevice && !existsSync(path)) this.engine.drives.delete(path);
    }
  }

  close(): Promise<void> {
    return this.engine.close();
  }
}

/** Sockets with real files, and a supervisor that keeps their descriptors (numbers only) over lives. */
class FakeDescriptors implements Descriptors {
  private readonly servers = new Map<string, Server>();
  private fdNext = 1000;
  readonly kept = new Map<string, number>();

  listenUnix(path: string): number {
    this.servers.get(path)?.close();
    const server = createServer().listen(path);
    server.unref();
    this.servers.set(path, server);
    this.fdNext += 1;
    return this.fdNext;
  }

  closeFd(): void {
    // Numbers only.
  }

  notify(): void {
    // Nobody asks.
  }

  storeFd(name: string, fd: number): void {
    this.kept.set(name, fd);
  }

  removeFd(name: string): void {
    this.kept.delete(name);
  }

  inheritedFds(): readonly { readonly name: string; readonly fd: number }[] {
    return [...this.kept].map(([name, fd]) => ({ name, fd }));
  }

  closeAll(): void {
    for (const server of this.servers.values()) server.close();
  }
}

export interface Life {
  readonly facts: Facts;
  readonly drives: DriveService;
  readonly volumes: VolumeService;
  readonly sockets: KeptSockets;
  readonly engine: FakeEngine;
  readonly steps: Steps;
  /** What the daemon does at its start. */
  start(): Promise<void>;
  /** Ends like kill -9. */
  kill(): void;
}

export class World {
  readonly directory = mkdtempSync(join(tmpdir(), 'cairn-world-'));
  readonly drives = new Map<string, FakeDrive>();
  readonly cluster = new FakeKeyValueStore();
  readonly descriptors = new FakeDescriptors();
  private lives = 0;

  get fileDirectory(): string {
    return join(this.directory, 'storage');
  }

  life(): Life {
    const steps = new Steps();
    this.lives += 1;
    const tick = (): Promise<void> => steps.tick();
    this.cluster.beforeTransaction = tick;
    this.cluster.afterTransaction = tick;
    const engine = new FakeEngine({ onEvent: () => undefined }, this.drives);
    const stepping = new SteppingEngine(engine, steps);
    const log = createLogger({ name: 'test', level: 'silent' });
    const facts = new Facts(this.cluster, NODE_ID);
    const none = join(this.directory, 'none');
    const system = { sys: none, proc: none, dev: none };
    const candidates = new DriveCandidates(stepping, this.fileDirectory, system);
    const options = { engine: stepping, facts, log, nodeId: NODE_ID };
    const drives = new DriveService({ ...options, candidates, clusterId: CLUSTER_ID });
    const sockets = new KeptSockets(this.descriptors, join(this.directory, 'run'), log);
    const volumes = new VolumeService({ ...options, drives, sockets, life: randomUUID() });
    return {
      facts,
      drives,
      volumes,
      sockets,
      engine,
      steps,
      start: async () => {
        await facts.load();
        await drives.openAll();
        await volumes.attachOwned();
        await volumes.dropStraySockets();
        await drives.settle();
        await volumes.collect();
      },
      kill: () => {
        engine.kill();
      },
    };
  }

  /** Runs `work` in a life that ends when the work does. */
  async inLife<T>(work: (life: Life) => Promise<T>): Promise<T> {
    const life = this.life();
    try {
      await life.start();
      return await work(life);
    } finally {
      life.kill();
    }
  }

  async dispose(): Promise<void> {
    this.descriptors.closeAll();
    await rm(this.directory, { recursive: true, force: true });
  }
}

/** The kind of the error that `work` ends with. */
export async function kindOfFailure(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return 'success';
  } catch (error) {
    if (error instanceof EngineError) return error.kind;
    if (error instanceof Error && 'kind' in error) return String(error.kind);
    throw error;
  }
}
