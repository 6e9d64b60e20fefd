/**
 * Where a node keeps its things. The data directory holds what must survive; the runtime directory
 * holds sockets and pids, is on a tmpfs where the host has one, and is named after the data
 * directory, so that two nodes on one host never meet.
 */
import { createHash } from 'node:crypto';
import { chmodSync, lstatSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The parts of the data directory; the names are the architecture's. */
const PARTS = ['storage', 'images', 'vms', 'secrets', 'log'] as const;

/** Longest path of a unix socket that Linux takes, without its closing zero. */
const SOCKET_PATH_MAX = 107;

export interface Layout {
  readonly dataDir: string;
  /** State of this node below the data directory. */
  readonly stateDir: string;
  readonly runDir: string;
  readonly etcdDir: string;
  readonly postgresDir: string;
  readonly storageDir: string;
  readonly secretsDir: string;
  readonly logDir: string;
  readonly storageSocket: string;
}

export interface Identity {
  readonly uid: number;
  /** XDG_RUNTIME_DIR, when the user has one. */
  readonly userRuntimeDir: string | undefined;
}

/** Computes the paths; touches nothing. */
export function layoutOf(dataDirectory: string, identity: Identity): Layout {
  const dataDir = resolve(dataDirectory);
  const stateDir = join(dataDir, 'n1');
  const hash = createHash('sha256').update(dataDir).digest('hex').slice(0, 8);
  const runBase =
    identity.uid === 0
      ? join('/run/cairn', hash)
      : join(identity.userRuntimeDir ?? '/tmp', `cairn-${identity.uid}-${hash}`);
  const runDir = join(runBase, 'n1');
  return {
    dataDir,
    stateDir,
    runDir,
    etcdDir: join(stateDir, 'etcd'),
    postgresDir: join(stateDir, 'postgres'),
    storageDir: join(stateDir, 'storage'),
    secretsDir: join(stateDir, 'secrets'),
    logDir: join(stateDir, 'log'),
    storageSocket: join(runDir, 'storage.sock'),
  };
}

/**
 * Makes the directories. As root the state directory can be crossed by the service users and the
 * guests' users (they own single entries below it); secrets and logs cannot. Throws when the runtime
 * directory belongs to someone else: in a shared /tmp another user may have made it first.
 */
export function makeDirectories(layout: Layout, uid: number): void {
  const crossable = uid === 0 ? 0o711 : 0o700;
  mkdirSync(layout.dataDir, { recursive: true });
  makeDirectory(layout.stateDir, crossable);
  for (const part of PARTS) {
    const open = part === 'images' || part === 'vms';
    makeDirectory(join(layout.stateDir, part), open ? crossable : 0o700);
  }
  const runBase = resolve(layout.runDir, '..');
  if (uid === 0) mkdirSync('/run/cairn', { recursive: true, mode: 0o755 });
  makeDirectory(runBase, uid === 0 ? 0o755 : 0o700);
  makeDirectory(layout.runDir, uid === 0 ? 0o755 : 0o700);
  if (lstatSync(runBase).uid !== uid) {
    throw new Error(`The runtime directory ${runBase} belongs to another user; remove it first.`);
  }
  if (layout.storageSocket.length > SOCKET_PATH_MAX) {
    throw new Error(`The runtime directory ${layout.runDir} is too long for unix sockets.`);
  }
}

function makeDirectory(path: string, mode: number): void {
  mkdirSync(path, { recursive: true, mode });
  if (!lstatSync(path).isDirectory()) throw new Error(`${path} is in the way: not a directory.`);
  chmodSync(path, mode);
}
