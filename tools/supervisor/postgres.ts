/**
 * The embedded PostgreSQL server: Debian's binaries as a child of ours on loopback, data checksums
 * on, passwords by SCRAM. The cluster is made aside and renamed into place, so that a crash while it
 * is being made leaves nothing that looks like a database.
 */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { createConnection } from 'node:net';
import { confine, giveTo, serviceUser, type Confinement } from './confine';
import type { Layout } from './layout';
import type { NodeFile } from './node-file';
import { processesIn, startTicksOf, stopProcess } from './processes';
import { loadSecret, randomPassword, writeSecret } from './secrets';
import type { ServiceSpec } from './service';

const BINARIES = '/usr/lib/postgresql';
const LEFTOVER_GRACE_MS = 15_000;
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  shared_buffers: '64MB',
  max_connections: '60',
  password_encryption: 'scram-sha-256',
  log_checkpoints: 'off',
  log_line_prefix: '%m [%p] ',
} as const;

/** Only the services' own role gets in, only from this host, only with its password. */
const ACCESS_RULES = 'host cairn cairn 127.0.0.1/32 scram-sha-256\n';

export interface Postgres {
  readonly service: ServiceSpec;
  /** The 0600 file with the URL the services connect to. */
  readonly urlFile: string;
}

export function postgresService(layout: Layout, node: NodeFile): Postgres {
  const bin = postgresBinaries();
  const password = loadSecret(join(layout.secretsDir, 'postgres-password'), randomPassword);
  const urlFile = join(layout.secretsDir, 'database-url');
  const port = node.ports.postgres;
  const confinement: Confinement = {
    user: serviceUser('postgres'),
    directory: layout.postgresDir,
    bindPoint: join(layout.runDir, 'postgres'),
    deathSignal: 'INT',
  };
  const settings = Object.entries(SETTINGS).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  return {
    urlFile,
    service: {
      name: 'postgresql',
      prepare: async () => {
        writeSecret(urlFile, `postgres://cairn:${password}@127.0.0.1:${port}/cairn`);
        if (!existsSync(layout.postgresDir)) await createCluster({ bin, confinement, password });
        giveTo(confinement.user, layout.postgresDir);
        await stopLeftover(layout.postgresDir);
      },
      command: () => ({
        argv: confine(confinement, (directory) => [
          ...[join(bin, 'postgres'), '-D', directory, '-p', String(port), ...settings],
        ]),
        cwd: '/',
      }),
      isHealthy: () => answersStartup(port),
      startWithinMs: 120_000,
      stop: [
        { signal: 'SIGINT', withinMs: 15_000 },
        { signal: 'SIGQUIT', withinMs: 5000 },
      ],
    },
  };
}

/** The newest installed major version: the one whose data directory this is, or 15 and later. */
function postgresBinaries(): string {
  const versions = existsSync(BINARIES) ? readdirSync(BINARIES).filter((v) => /^\d+$/.test(v)) : [];
  const usable = versions
    .map(Number)
    .filter((version) => version >= 15 && existsSync(join(BINARIES, String(version), 'bin/initdb')))
    .sort((left, right) => left - right);
  const [version] = usable;
  if (version === undefined) throw new Error('PostgreSQL 15 or later is not installed.');
  return join(BINARIES, String(version), 'bin');
}

interface NewCluster {
  readonly bin: string;
  readonly confinement: Confinement;
  readonly password: string;
}

async function createCluster({ bin, confinement, password }: NewCluster): Promise<void> {
  const directory = `${confinement.directory}.new`;
  const aside = { ...confinement, directory };
  rmSync(directory, { recursive: true, force: true });
  mkdirSync(directory, { mode: 0o700 });
  giveTo(confinement.user, directory);
  // Nobody connects before the access rules stand, so the initial trust opens nothing.
  const options = ['-U', 'postgres', '-E', 'UTF8', '--locale=C.UTF-8', '--data-checksums'];
  const initdb = confine(aside, (path) => [
    ...[join(bin, 'initdb'), '-D', path, '-A', 'trust', ...options, '--no-instructions'],
  ]);
  await runToEnd('initdb', initdb, '');
  writeFileSync(join(directory, 'pg_hba.conf'), ACCESS_RULES);
  const single = confine(aside, (path) => [
    ...[join(bin, 'postgres'), '--single', '-D', path, '-c', 'password_encryption=scram-sha-256'],
    'postgres',
  ]);
  const statements = [
    `CREATE ROLE cairn LOGIN PASSWORD '${password}';`,
    `CREATE DATABASE cairn OWNER cairn;`,
  ];
  await runToEnd('creating the database', single, `${statements.join('\n')}\n`);
  renameSync(directory, confinement.directory);
}

async function runToEnd(what: string, argv: readonly string[], input: string): Promise<void> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, { cwd: '/', stdio: ['pipe', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => (said += chunk));
  }
  child.stdin.on('error', () => undefined);
  child.stdin.end(input);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  // The single-user backend exits 0 after a failed statement, but says so.
  if (code !== 0 || /^\S.* ERROR: /m.test(said)) {
    throw new Error(`${what} failed (exit code ${String(code)}):\n${said.slice(-2000)}`);
  }
}

/**
 * Stops a server of an earlier life on this data directory, and removes a pid file that names
 * nobody: the server refuses to start over a pid that exists, even as an unreaped zombie.
 */
async function stopLeftover(directory: string): Promise<void> {
  const pidFile = join(directory, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const running = processesIn(directory);
  if (running.includes(pid)) await stopProcess(pid, LEFTOVER_GRACE_MS);
  for (const other of processesIn(directory)) await stopProcess(other, LEFTOVER_GRACE_MS);
  if (startTicksOf(pid) === undefined || !running.includes(pid)) rmSync(pidFile, { force: true });
}

/**
 * True when the server asks a client of ours for its password: while it starts or recovers, it
 * answers with an error instead.
 */
async function answersStartup(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: '127.0.0.1', port, timeout: 1000 });
    const end = (healthy: boolean): void => {
      socket.destroy();
      resolve(healthy);
    };
    socket.once('connect', () => socket.write(startupMessage()));
    socket.once('data', (data) => end(data.toString('latin1', 0, 1) === 'R'));
    socket.once('error', () => end(false));
    socket.once('timeout', () => end(false));
    socket.once('close', () => end(false));
  });
}

/** The protocol's first message: length, version 3.0, parameters, all zero-terminated. */
function startupMessage(): Buffer {
  const parameters = Buffer.from('user\0cairn\0database\0cairn\0\0', 'latin1');
  const message = Buffer.alloc(8 + parameters.length);
  message.writeInt32BE(message.length, 0);
  message.writeInt32BE(196_608, 4);
  parameters.copy(message, 8);
  return message;
}
