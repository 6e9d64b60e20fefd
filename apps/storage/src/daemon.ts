/**
 * The storage daemon: puts the parts together, brings them up in order, and takes them down in the opposite one.
 *
 *     engine -> control API (answers "starting") -> facts from etcd -> drives -> volumes -> serving -> collection of the dead
 *
 * Guests wait while this runs, so nothing that can wait comes before the volumes. Without etcd the start is tried again until
 * etcd answers: nobody may write a volume whose epoch is not agreed.
 */
import { randomUUID } from 'node:crypto';
import { chown, chmod, mkdir } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { dirname } from 'node:path';
import { StorageError, type Descriptors, type Engine, type EngineEvent } from '@cairn/block-store';
import type { KeyValueStore } from '@cairn/cluster';
import type { StorageStatus } from '@cairn/contracts';
import type { Logger } from '@cairn/telemetry';
import type { Config } from './config';
import { ControlServer } from './control/control-server';
import { DriveCandidates } from './drives/drive-candidates';
import { DriveService } from './drives/drive-service';
import { EngineWatch } from './engine-watch';
import { Facts } from './facts';
import { KeptSockets } from './kept-sockets';
import { StorageMetrics } from './metrics';
import { VolumeService } from './volumes/volume-service';

export interface DaemonParts {
  readonly config: Config;
  /** Makes the engine; the daemon closes it. */
  readonly openEngine: (onEvent: (event: EngineEvent) => void) => Engine;
  readonly descriptors: Descriptors;
  /** Closed by the daemon. */
  readonly cluster: KeyValueStore;
  readonly log: Logger;
  readonly version: string;
  /** Milliseconds since the process began. */
  readonly uptimeMs: () => number;
  /** The engine hangs: end the process, so that the next one serves the guests. */
  readonly onEngineSilent: () => void;
}

const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 2000;
const MISSING_DRIVES_RETRY_MS = 5000;
const CONTROL_GRACE_MS = 2000;
const ENGINE_ASKED_EVERY_MS = 5000;
const ENGINE_SILENT_MS_MAX = 10_000;

type Phase = 'starting' | 'serving' | 'draining';

export class Daemon {
  private phase: Phase = 'starting';
  private readonly startedAt = new Date();
  private startupMs: number | null = null;
  private etcdReachable = false;
  private readonly ending = new AbortController();
  private readonly engine: Engine;
  private readonly engineWatch: EngineWatch;
  private readonly facts: Facts;
  private readonly drives: DriveService;
  private readonly volumes: VolumeService;
  private readonly sockets: KeptSockets;
  private readonly metrics: StorageMetrics;
  private readonly control: ControlServer;
  private readonly log: Logger;
  private readonly socketsKept: boolean;
  private retryTimer: NodeJS.Timeout | null = null;

  constructor(private readonly parts: DaemonParts) {
    const { config, log } = parts;
    this.log = log;
    this.engine = parts.openEngine((event) => {
      this.onEngineEvent(event);
    });
    this.engineWatch = new EngineWatch({
      engine: this.engine,
      everyMs: ENGINE_ASKED_EVERY_MS,
      silentMsMax: ENGINE_SILENT_MS_MAX,
      onSilent: parts.onEngineSilent,
    });
    this.facts = new Facts(parts.cluster, config.nodeId);
    const candidates = new DriveCandidates(this.engine, config.fileDirectory);
    const { engine, facts } = this;
    const { nodeId, clusterId } = config;
    this.drives = new DriveService({ engine, facts, candidates, nodeId, clusterId, log });
    this.sockets = new KeptSockets(parts.descriptors, config.socketDirectory, log);
    this.socketsKept = this.sockets.kept;
    const { drives, sockets, socketsKept } = this;
    const life = randomUUID();
    this.volumes = new VolumeService({ engine, facts, drives, sockets, nodeId, life, log });
    const { volumes } = this;
    const { version } = parts;
    this.metrics = new StorageMetrics({ engine, facts, drives, volumes, version, socketsKept });
    const services = {
      status: () => this.status(),
      metrics: () => this.metrics.expose(),
      drives,
      candidates,
      volumes,
      serves: () => this.phase === 'serving',
    };
    this.control = new ControlServer(services, log);
  }

  /** Resolves when the node's volumes are served; rejects when the daemon cannot come up at all. */
  async start(): Promise<void> {
    this.engineWatch.start();
    await this.listen();
    if (!(await this.loadFacts())) return; // Stopped meanwhile.
    for (const { key, message } of this.facts.damaged()) {
      this.log.error({ key, reason: message }, 'a record in etcd is damaged and left alone');
    }
    await this.drives.openAll();
    await this.volumes.attachOwned();
    if (this.ending.signal.aborted) return;
    this.phase = 'serving';
    this.startupMs = this.parts.uptimeMs();
    this.metrics.onServing(this.startupMs / 1000);
    this.tell('READY=1');
    const { startupMs, socketsKept } = this;
    const volumes = this.volumes.attachedIds().length;
    this.log.info({ startupMs: Math.round(startupMs), volumes, socketsKept }, 'serving');
    await this.tidy();
    this.watchMissingDrives();
  }

  /** Stops serving: drains the volumes, closes the stores clean. What is attached stays so for the next start. */
  async stop(): Promise<void> {
    if (this.phase === 'draining') return;
    this.phase = 'draining';
    this.ending.abort();
    this.engineWatch.stop();
    if (this.retryTimer !== null) clearTimeout(this.retryTimer);
    this.tell('STOPPING=1');
    await this.control.close(CONTROL_GRACE_MS);
    await this.engine.close();
    this.parts.cluster.close();
    this.log.info('stopped: every volume is drained and every store is closed clean');
  }

  private async listen(): Promise<void> {
    const { controlSocket, controlSocketGid, fileDirectory } = this.parts.config;
    await mkdir(dirname(controlSocket), { recursive: true });
    await mkdir(fileDirectory, { recursive: true, mode: 0o700 });
    const fd = this.sockets.take('control', controlSocket);
    if (controlSocketGid !== null) {
      await chown(controlSocket, process.getuid?.() ?? 0, controlSocketGid);
      await chmod(controlSocket, 0o660);
    }
    await this.control.listen({ fd });
  }

  /** Reads the facts, as often as it takes. False when the daemon is stopped meanwhile. */
  private async loadFacts(): Promise<boolean> {
    let pauseMs = RETRY_MS_MIN;
    for (let attempt = 0; !this.ending.signal.aborted; attempt += 1) {
      try {
        await this.facts.load();
        this.etcdReachable = true;
        return true;
      } catch (error) {
        if (!(error instanceof StorageError)) throw error;
        if (attempt === 0) this.log.warn({ reason: error.message }, 'waiting for etcd');
        await delay(pauseMs, undefined, { signal: this.ending.signal }).catch(() => undefined);
        pauseMs = Math.min(pauseMs * 2, RETRY_MS_MAX);
      }
    }
    return false;
  }

  /** What may wait until the guests are served. Failures are retried at the next start. */
  private async tidy(): Promise<void> {
    try {
      await this.volumes.dropStraySockets();
      await this.drives.settle();
      await this.volumes.collect();
    } catch (error) {
      if (!this.ending.signal.aborted) this.log.warn({ err: error }, 'tidying up failed');
    }
  }

  /** A drive that was missing may come back: plugged in again, or let go by another process. */
  private watchMissingDrives(): void {
    if (this.ending.signal.aborted) return;
    this.retryTimer = setTimeout(() => {
      void this.retryMissingDrives();
    }, MISSING_DRIVES_RETRY_MS);
    this.retryTimer.unref();
  }

  /** Never rejects. */
  private async retryMissingDrives(): Promise<void> {
    try {
      const opened = this.drives.hasMissing() ? await this.drives.openMissing() : [];
      for (const driveId of opened) this.log.info({ driveId }, 'a missing drive is back');
      if (opened.length > 0) await this.volumes.attachOwned();
    } catch (error) {
      if (!this.ending.signal.aborted) this.log.warn({ err: error }, 'retrying drives failed');
    }
    this.watchMissingDrives();
  }

  private onEngineEvent(event: EngineEvent): void {
    switch (event.event) {
      case 'store.failed':
        this.metrics.onDriveError(event.storeId, event.error.kind);
        this.drives.onStoreFailed(event.storeId, event.error);
        return;
      case 'volume.stopped':
        this.volumes.onVolumeStopped(event.volumeId, event.error).catch((err: unknown) => {
          this.log.warn(
            { err, volumeId: event.volumeId },
            'the socket of a volume was not dropped',
          );
        });
    }
  }

  private tell(message: string): void {
    if (!this.socketsKept) return;
    try {
      this.parts.descriptors.notify(message);
    } catch (error) {
      this.log.warn({ err: error }, 'the supervisor cannot be told');
    }
  }

  private async status(): Promise<StorageStatus> {
    const { config, version } = this.parts;
    const drives = await this.drives.list();
    const volumes = await this.volumes.list();
    if (this.phase === 'serving') this.etcdReachable = await this.asksEtcd();
    const sum = (values: readonly (number | null)[]): number =>
      values.reduce<number>((total, value) => total + (value ?? 0), 0);
    return {
      nodeId: config.nodeId,
      clusterId: config.clusterId,
      version,
      state: this.phase,
      startedAt: this.startedAt.toISOString(),
      startupMs: this.startupMs,
      etcdReachable: this.etcdReachable,
      socketsKept: this.socketsKept,
      drives: {
        count: drives.length,
        failedCount: drives.filter((drive) => drive.state !== 'in').length,
        sizeBytes: sum(drives.map((drive) => drive.sizeBytes)),
        usedBytes: sum(drives.map((drive) => drive.usedBytes)),
        freeBytes: sum(drives.map((drive) => drive.freeBytes)),
      },
      volumes: {
        count: volumes.length,
        attachedCount: volumes.filter((volume) => volume.attachment !== null).length,
        offlineCount: volumes.filter((volume) => volume.state === 'offline').length,
        sizeBytes: sum(volumes.map((volume) => volume.sizeBytes)),
      },
    };
  }

  private asksEtcd(): Promise<boolean> {
    return this.parts.cluster.get('/cairn/next-volume-id', { timeoutMs: 500 }).then(
      () => true,
      () => false,
    );
  }
}
