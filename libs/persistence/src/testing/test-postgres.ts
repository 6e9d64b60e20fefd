// A private PostgreSQL server for tests: its own data directory below /tmp, a port of its own,
// stopped and deleted with the test. PostgreSQL refuses to run as root, so root hands it to the
// user `postgres`.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';

const BIN = process.env['CAIRN_POSTGRES_BIN'] ?? '/usr/lib/postgresql/15/bin';
const START_DEADLINE_MS = 20_000;

export interface TestPostgres {
  /** Makes an empty database and returns its URL. */
  createDatabase(): Promise<string>;
  /** Ends the server at once, as a crash would. */
  kill(): Promise<void>;
  /** Starts it again on the same port and data. */
  start(): Promise<void>;
  stop(): Promise<void>;
}

function asPostgres(command: string[]): string[] {
  if (process.getuid?.() !== 0) return command;
  return ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--', ...command];
}

function runOrThrow(command: string[], cwd: string): void {
  const [program = '', ...args] = asPostgres(command);
  const result = spawnSync(program, args, { cwd, encoding: 'utf8' });
  if (result.status !== 0) throw new Error(`${command.join(' ')}: ${result.stderr}`);
}

async function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      server.close(() => resolve(port));
    });
  });
}

async function waitUntilReady(url: string, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + START_DEADLINE_MS;
  while (child.exitCode === null) {
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  throw new Error('postgres ended while it was starting');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  await ended;
}

/** Starts a server; takes about a second. Rejects where PostgreSQL is not installed. */
export async function startPostgres(): Promise<TestPostgres> {
  const home = mkdtempSync(join(tmpdir(), 'cairn-pg-'));
  chmodSync(home, 0o755);
  const data = join(home, 'data');
  mkdirSync(data, { mode: 0o700 });
  if (process.getuid?.() === 0) spawnSync('chown', ['postgres:postgres', data]);
  const passwordFile = join(home, 'password');
  writeFileSync(passwordFile, 'test', { mode: 0o644 });
  runOrThrow(
    [`${BIN}/initdb`, '-N', '-D', data, '-U', 'cairn', '-A', 'scram-sha-256', '-E', 'UTF8'].concat([
      '--locale=C.UTF-8',
      `--pwfile=${passwordFile}`,
    ]),
    home,
  );
  const port = await freePort();
  const url = (database: string): string => `postgres://cairn:test@127.0.0.1:${port}/${database}`;
  let child: ChildProcess;
  const start = async (): Promise<void> => {
    const [program = '', ...args] = asPostgres(
      [`${BIN}/postgres`, '-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1']
        .concat(['-c', 'unix_socket_directories=', '-c', 'fsync=off', '-c', 'shared_buffers=16MB'])
        .concat(['-c', 'max_connections=40']),
    );
    child = spawn(program, args, { cwd: home, stdio: 'ignore' });
    await waitUntilReady(url('postgres'), child);
  };
  await start();
  let databases = 0;
  return {
    start,
    kill: async () => end(child, 'SIGQUIT'),
    stop: async () => {
      await end(child, 'SIGINT');
      rmSync(home, { recursive: true, force: true });
    },
    createDatabase: async () => {
      databases += 1;
      const name = `test_${databases}`;
      const client = new Client({ connectionString: url('postgres') });
      await client.connect();
      await client.query(`CREATE DATABASE ${name}`);
      await client.end();
      return url(name);
    },
  };
}
