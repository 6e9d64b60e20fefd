/** The daemon's settings, from its environment. */
import { isAbsolute, join } from 'node:path';
import { z } from 'zod';

/** The longest path that a unix socket's address holds. */
export const SOCKET_PATH_BYTES_MAX = 107;

const absolutePath = z.string().refine(isAbsolute, 'must be an absolute path');

const socketPath = absolutePath.refine(
  (path) => Buffer.byteLength(path) <= SOCKET_PATH_BYTES_MAX,
  `must fit a unix socket's address (${SOCKET_PATH_BYTES_MAX} bytes)`,
);

const endpoints = z
  .string()
  .transform((text) => text.split(','))
  .pipe(
    z.array(z.string().regex(/^[^\s:]+:[0-9]{1,5}$/, 'must be host:port[,host:port...]')).min(1),
  );

const environmentSchema = z.object({
  CAIRN_NODE_ID: z.guid().toLowerCase(),
  CAIRN_CLUSTER_ID: z.guid().toLowerCase(),
  CAIRN_STATE_DIR: absolutePath,
  CAIRN_RUN_DIR: absolutePath,
  CAIRN_ETCD_ENDPOINTS: endpoints,
  CAIRN_STORAGE_SOCKET: socketPath.optional(),
  /** A group that may use the control socket besides its owner. */
  CAIRN_STORAGE_SOCKET_GID: z.coerce.number().int().min(0).optional(),
  CAIRN_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

export interface Config {
  readonly nodeId: string;
  readonly clusterId: string;
  /** Where drive files are made. */
  readonly fileDirectory: string;
  /** Where the volumes' sockets are. */
  readonly socketDirectory: string;
  readonly etcdEndpoints: readonly string[];
  readonly controlSocket: string;
  readonly controlSocketGid: number | null;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}

export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** Throws ConfigError with one line that names every setting at fault. */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const parsed = environmentSchema.safeParse(environment);
  if (!parsed.success) {
    const faults = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new ConfigError(faults.join('; '));
  }
  const settings = parsed.data;
  const config: Config = {
    nodeId: settings.CAIRN_NODE_ID,
    clusterId: settings.CAIRN_CLUSTER_ID,
    fileDirectory: join(settings.CAIRN_STATE_DIR, 'storage'),
    socketDirectory: join(settings.CAIRN_RUN_DIR, 'volumes'),
    etcdEndpoints: settings.CAIRN_ETCD_ENDPOINTS,
    controlSocket: settings.CAIRN_STORAGE_SOCKET ?? join(settings.CAIRN_RUN_DIR, 'storage.sock'),
    controlSocketGid: settings.CAIRN_STORAGE_SOCKET_GID ?? null,
    logLevel: settings.CAIRN_LOG_LEVEL,
  };
  // The longest name that a volume's socket can get.
  const longest = join(config.socketDirectory, `${'9'.repeat(20)}.sock`);
  if (Buffer.byteLength(longest) > SOCKET_PATH_BYTES_MAX) {
    throw new ConfigError(`CAIRN_RUN_DIR: is too long for sockets below it: ${longest}`);
  }
  return config;
}
