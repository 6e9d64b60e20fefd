/** Cairn's own two services: the storage daemon under its keeper, and the node service. */
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { join } from 'node:path';
import type { Layout } from './layout';
import type { NodeFile } from './node-file';
import type { Certificate } from './secrets';
import type { ServiceSpec } from './service';
import { unixRequest } from './unix-http';

const PROBE_TIMEOUT_MS = 2000;
/** What cairn-node takes at most to shut all guests down, with a margin. */
const GUESTS_WITHIN_MS = 35_000;

export interface Listen {
  readonly host: string;
  readonly port: number;
}

export interface ServiceSettings {
  /** The checkout or installation that holds apps/ and native/. */
  readonly root: string;
  readonly layout: Layout;
  readonly node: NodeFile;
  readonly listen: Listen;
  readonly certificate: Certificate;
  readonly databaseUrlFile: string;
  readonly bootstrapPasswordFile: string;
  readonly localTokenFile: string;
  readonly logLevel: string;
}

/** The environment both services read (each checks it when it starts). */
export function serviceEnvironment(settings: ServiceSettings): Readonly<Record<string, string>> {
  const { layout, node, listen, certificate, root } = settings;
  return {
    NODE_ENV: 'production',
    CAIRN_DATA: layout.dataDir,
    CAIRN_NODE_ID: node.nodeId,
    CAIRN_NODE_NAME: node.nodeName,
    CAIRN_CLUSTER_ID: node.clusterId,
    CAIRN_STATE_DIR: layout.stateDir,
    CAIRN_RUN_DIR: layout.runDir,
    CAIRN_ETCD_ENDPOINTS: `127.0.0.1:${node.ports.etcdClient}`,
    CAIRN_DATABASE_URL_FILE: settings.databaseUrlFile,
    CAIRN_STORAGE_SOCKET: layout.storageSocket,
    CAIRN_LISTEN: `${bracketed(listen.host)}:${listen.port}`,
    CAIRN_TLS_CERT: certificate.certFile,
    CAIRN_TLS_KEY: certificate.keyFile,
    CAIRN_CONSOLE_DIR: join(root, 'apps/console/dist'),
    CAIRN_BOOTSTRAP_PASSWORD_FILE: settings.bootstrapPasswordFile,
    CAIRN_LOCAL_TOKEN_FILE: settings.localTokenFile,
    CAIRN_LOG_LEVEL: settings.logLevel,
  };
}

/** cairn-storage under cairn-keeper, which holds the volumes' sockets across its restarts. */
export function storageService(settings: ServiceSettings): ServiceSpec {
  const { root, layout } = settings;
  const keeper = join(root, 'native/build/release/host/cairn-keeper');
  const daemon = [process.execPath, join(root, 'apps/storage/dist/main.js')];
  return {
    name: 'cairn-storage',
    command: () => ({
      argv: ['setpriv', '--pdeathsig', 'TERM', '--', keeper, '--', ...daemon],
      env: serviceEnvironment(settings),
      cwd: '/',
    }),
    isHealthy: async () => {
      const { status } = await unixRequest({
        socketPath: layout.storageSocket,
        method: 'GET',
        path: '/healthz',
        timeoutMs: PROBE_TIMEOUT_MS,
      });
      return status === 200;
    },
    startWithinMs: 60_000,
    stop: [{ signal: 'SIGTERM', withinMs: 20_000 }],
  };
}

/** cairn-node. SIGUSR2 asks it to shut its guests down and end; SIGTERM leaves them running. */
export function nodeService(settings: ServiceSettings): ServiceSpec {
  const main = join(settings.root, 'apps/node/dist/main.js');
  return {
    name: 'cairn-node',
    command: () => ({
      argv: ['setpriv', '--pdeathsig', 'TERM', '--', process.execPath, main],
      env: serviceEnvironment(settings),
      cwd: '/',
    }),
    isHealthy: () => answersHttps(settings.listen, settings.certificate, '/readyz'),
    startWithinMs: 60_000,
    stop: [
      { signal: 'SIGUSR2', withinMs: GUESTS_WITHIN_MS },
      { signal: 'SIGTERM', withinMs: 10_000 },
    ],
  };
}

/** An address a person can click on: a wildcard address is shown as this host. */
export function consoleUrl({ host, port }: Listen): string {
  const shown = host === '0.0.0.0' || host === '::' ? 'localhost' : bracketed(host);
  return `https://${shown}:${port}/`;
}

async function answersHttps(
  listen: Listen,
  certificate: Certificate,
  path: string,
): Promise<boolean> {
  const host = listen.host === '0.0.0.0' ? '127.0.0.1' : listen.host === '::' ? '::1' : listen.host;
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host,
        port: listen.port,
        path,
        ca: readFileSync(certificate.certFile),
        signal: AbortSignal.timeout(PROBE_TIMEOUT_MS),
      },
      (answer) => {
        answer.resume();
        resolve(answer.statusCode === 200);
      },
    );
    outgoing.once('error', reject);
    outgoing.end();
  });
}

function bracketed(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}
