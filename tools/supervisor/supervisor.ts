/**
 * Starts a node's services in order, each only when the one before answers, keeps them running, and
 * stops them in the reverse order: guests first, then the services they need.
 */
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { accelerationVerdict } from './acceleration';
import { consoleUrl, nodeService, storageService, type Listen } from './cairn-services';
import { makeDefaultDrive } from './default-drive';
import { etcdService } from './etcd';
import { makeDirectories, type Layout } from './layout';
import { LogFile } from './log-file';
import { isFree, loadNodeFile, refreshPorts, saveNodeFile, type NodeFile } from './node-file';
import { postgresService } from './postgres';
import { ProcessRecords } from './processes';
import type { ReadyEvent, Reporter } from './report';
import {
  ensureCertificate,
  loadSecret,
  randomPassword,
  readablePassword,
  writeSecret,
} from './secrets';
import { Service, type ServiceEvents, type ServiceSpec } from './service';

/** In the runtime directory while everything runs. */
export const ADDRESS_FILE = 'ready.json';
const LEFTOVER_GRACE_MS = 20_000;
const LIMITS_WITHOUT_ROOT = [
  'bridged networks: guests use user-mode networking (they reach out, nothing reaches in)',
  'whole drives as storage, unless your user may write them: drives are files',
  'a user of its own for each guest: all guests run as you',
] as const;

export type ServiceName = 'etcd' | 'postgresql' | 'cairn-storage' | 'cairn-node';

export interface SupervisorOptions {
  readonly root: string;
  readonly layout: Layout;
  readonly uid: number;
  /** A port of 0 takes the free port that the node keeps. */
  readonly listen: Listen;
  /** The user's own PostgreSQL server; the embedded one is not started then. */
  readonly databaseUrl: string | undefined;
  /** Which services to start (all of them but in development). */
  readonly services: ReadonlySet<ServiceName>;
  readonly logLevel: string;
  readonly report: Reporter;
}

export class Supervisor {
  private readonly running: Service[] = [];
  private readonly events: ServiceEvents;
  private stopped: Promise<boolean> | undefined;

  constructor(private readonly options: SupervisorOptions) {
    this.events = {
      restarting: (service, reason, pauseMs) =>
        options.report({ event: 'restarting', service, reason, pauseMs }),
      recovered: (service) => options.report({ event: 'recovered', service }),
    };
  }

  /** Resolves when everything answers; rejects with a message for the user when it cannot. */
  async start(): Promise<void> {
    const { layout, uid, report } = this.options;
    makeDirectories(layout, uid);
    report({ event: 'starting', dataDir: layout.dataDir, runDir: layout.runDir });
    const records = new ProcessRecords(layout.runDir);
    const names = await records.stopLeftovers(LEFTOVER_GRACE_MS);
    if (names.length > 0) report({ event: 'leftovers', names });
    const known = await loadNodeFile(layout.stateDir);
    const node = { ...known, ports: await refreshPorts(known.ports) };
    saveNodeFile(layout.stateDir, node);
    const listen = await this.listenAddress(node);
    const certificate = await ensureCertificate(layout.secretsDir, listen.host);
    const bootstrapPasswordFile = join(layout.secretsDir, 'bootstrap-password');
    const bootstrapPassword = loadSecret(bootstrapPasswordFile, readablePassword);
    const localTokenFile = join(layout.secretsDir, 'local-token');
    loadSecret(localTokenFile, randomPassword);
    const acceleration = accelerationVerdict(this.options.root);

    await this.bringUp('etcd', () => etcdService(layout, node), records);
    const databaseUrlFile = await this.startDatabase(node, records);
    const settings = {
      ...{ root: this.options.root, layout, node, listen, certificate, databaseUrlFile },
      ...{ bootstrapPasswordFile, localTokenFile, logLevel: this.options.logLevel },
    };
    await this.bringUp('cairn-storage', () => storageService(settings), records);
    if (this.options.services.has('cairn-storage')) await this.ensureDefaultDrive(node);
    await this.bringUp('cairn-node', () => nodeService(settings), records);
    if (this.isStopping()) return;
    const ready: ReadyEvent = {
      event: 'ready',
      url: consoleUrl(listen),
      fingerprint: certificate.fingerprint,
      ...{ dataDir: layout.dataDir, runDir: layout.runDir, logDir: layout.logDir },
      secretsDir: layout.secretsDir,
      etcdEndpoint: `127.0.0.1:${node.ports.etcdClient}`,
      pids: Object.fromEntries(this.running.map(({ name, pid }) => [name, pid ?? 0])),
      firstStart: !node.startedOnce,
      bootstrapPassword: node.startedOnce ? undefined : bootstrapPassword,
      acceleration: await acceleration,
      limits: uid === 0 ? [] : LIMITS_WITHOUT_ROOT,
    };
    this.leaveAddress(ready);
    saveNodeFile(layout.stateDir, {
      ...node,
      defaultDriveMade: node.defaultDriveMade || this.options.services.has('cairn-storage'),
      startedOnce: true,
    });
    report(ready);
  }

  /** Stops everything in reverse order; resolves with whether all of it went well. Idempotent. */
  async stop(): Promise<boolean> {
    this.stopped ??= this.stopAll();
    return this.stopped;
  }

  /** The user is in a hurry: guests that still shut down are ended at once. */
  hurry(): void {
    this.running.find(({ name }) => name === 'cairn-node')?.signal('SIGUSR2');
  }

  /** A method, because a signal changes the answer while others wait. */
  private isStopping(): boolean {
    return this.stopped !== undefined;
  }

  private async stopAll(): Promise<boolean> {
    rmSync(join(this.options.layout.runDir, ADDRESS_FILE), { force: true });
    let clean = true;
    for (const service of [...this.running].reverse()) {
      const detail = service.name === 'cairn-node' ? 'guests are shut down first' : '';
      this.options.report({ event: 'stopping', service: service.name, detail });
      await service.stop().catch(() => (clean = false));
    }
    this.options.report({ event: 'stopped', clean });
    return clean;
  }

  /** Lets commands on this host find the running node; the one-time password is not theirs. */
  private leaveAddress({ bootstrapPassword: _secret, ...address }: ReadyEvent): void {
    writeFileSync(join(this.options.layout.runDir, ADDRESS_FILE), JSON.stringify(address));
  }

  private async bringUp(
    name: ServiceName,
    spec: () => ServiceSpec,
    records: ProcessRecords,
  ): Promise<void> {
    const { services, layout, report } = this.options;
    if (!services.has(name) || this.isStopping()) return;
    const started = performance.now();
    const log = new LogFile(join(layout.logDir, `${name}.log`));
    const service = new Service(spec(), log, records, this.events);
    this.running.push(service);
    await service.start();
    if (this.isStopping()) return;
    report({ event: 'healthy', service: name, milliseconds: performance.now() - started });
  }

  /** Starts the embedded server, or writes the URL of the user's own; returns the URL's file. */
  private async startDatabase(node: NodeFile, records: ProcessRecords): Promise<string> {
    const { layout, databaseUrl } = this.options;
    if (databaseUrl !== undefined) {
      const file = join(layout.secretsDir, 'database-url');
      writeSecret(file, databaseUrl);
      return file;
    }
    const postgres = postgresService(layout, node);
    await this.bringUp('postgresql', () => postgres.service, records);
    return postgres.urlFile;
  }

  private async listenAddress(node: NodeFile): Promise<Listen> {
    const { host, port } = this.options.listen;
    const listen = { host, port: port === 0 ? node.ports.api : port };
    if (!(await isFree(listen.host, listen.port))) {
      const remedy = 'choose another with --listen ADDRESS:PORT';
      throw new Error(`${listen.host}:${listen.port} is in use by another program; ${remedy}.`);
    }
    return listen;
  }

  /** Once per node: an administrator who removed the drive does not get it back. */
  private async ensureDefaultDrive(node: NodeFile): Promise<void> {
    if (node.defaultDriveMade || this.isStopping()) return;
    const drive = await makeDefaultDrive(this.options.layout);
    saveNodeFile(this.options.layout.stateDir, { ...node, defaultDriveMade: true });
    if (drive !== undefined) this.options.report({ event: 'defaultDrive', ...drive });
  }
}
