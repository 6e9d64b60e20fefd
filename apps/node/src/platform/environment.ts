// The service's whole configuration, read once from the environment. A wrong value stops the start
// with one line that names the variable.
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { z } from 'zod';

const hostAndPort = z
  .string()
  .regex(/^(\[[0-9a-fA-F:]+\]|[^\s:]+):\d{1,5}$/, 'must look like host:port')
  .transform((text) => {
    const colon = text.lastIndexOf(':');
    return {
      host: text.slice(0, colon).replace(/^\[|\]$/g, ''),
      port: Number(text.slice(colon + 1)),
    };
  })
  .refine(({ port }) => port <= 65_535, 'the port must be at most 65535');

const environmentSchema = z.object({
  CAIRN_NODE_ID: z.uuid(),
  CAIRN_NODE_NAME: z.string().min(1).max(63),
  CAIRN_CLUSTER_ID: z.uuid(),
  CAIRN_STATE_DIR: z.string().startsWith('/', 'must be an absolute path'),
  CAIRN_RUN_DIR: z.string().startsWith('/', 'must be an absolute path'),
  CAIRN_ETCD_ENDPOINTS: z
    .string()
    .min(1)
    .transform((text) => text.split(',').map((endpoint) => endpoint.trim())),
  CAIRN_DATABASE_URL_FILE: z.string().startsWith('/', 'must be an absolute path'),
  CAIRN_STORAGE_SOCKET: z.string().startsWith('/', 'must be an absolute path'),
  CAIRN_LISTEN: hostAndPort.default({ host: '127.0.0.1', port: 8443 }),
  CAIRN_TLS_CERT: z.string().optional(),
  CAIRN_TLS_KEY: z.string().optional(),
  CAIRN_CONSOLE_DIR: z.string().optional(),
  CAIRN_BOOTSTRAP_PASSWORD_FILE: z.string().optional(),
  CAIRN_METRICS_TOKEN_FILE: z.string().optional(),
  CAIRN_LOCAL_TOKEN_FILE: z.string().optional(),
  CAIRN_CHECKOUT_DIR: z.string().startsWith('/').default(resolve(__dirname, '../../../..')),
  CAIRN_PROGRAMS_DIR: z.string().startsWith('/').optional(),
  CAIRN_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal']).default('info'),
});

export interface Environment {
  readonly nodeId: string;
  readonly nodeName: string;
  readonly clusterId: string;
  readonly stateDir: string;
  readonly runDir: string;
  readonly etcdEndpoints: readonly string[];
  readonly databaseUrl: string;
  readonly storageSocket: string;
  readonly listen: { readonly host: string; readonly port: number };
  /** Null serves plain HTTP, which only a loopback address may do. */
  readonly tls: { readonly certFile: string; readonly keyFile: string } | null;
  readonly consoleDir: string | null;
  readonly bootstrapPasswordFile: string | null;
  /** A scraper that is not on this machine sends this bearer token. */
  readonly metricsToken: string | null;
  /** Whoever can read its file administers this node; accepted from loopback only. */
  readonly localToken: string | null;
  /** Where the tools of the product are. */
  readonly checkoutDir: string;
  /** Where the native helper programs are. */
  readonly programsDir: string;
  readonly logLevel: 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal';
}

/** Dependency injection token of the parsed environment. */
export const ENVIRONMENT = Symbol('Environment');

/** A configuration that the service cannot start with; `message` is one line for an operator. */
export class EnvironmentError extends Error {}

function readSecret(variable: string, path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (cause) {
    throw new EnvironmentError(`${variable}: cannot read ${path}`, { cause });
  }
}

function secretOrNull(variable: string, path: string | undefined): string | null {
  return path === undefined ? null : readSecret(variable, path);
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.');
}

/** Parses the environment or throws an EnvironmentError that names what is wrong. */
export function parseEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const parsed = environmentSchema.safeParse(variables);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
    throw new EnvironmentError(lines.join('; '));
  }
  const value = parsed.data;
  const { CAIRN_TLS_CERT: certFile, CAIRN_TLS_KEY: keyFile } = value;
  if ((certFile === undefined) !== (keyFile === undefined)) {
    throw new EnvironmentError('CAIRN_TLS_CERT and CAIRN_TLS_KEY must be given together');
  }
  const tls = certFile !== undefined && keyFile !== undefined ? { certFile, keyFile } : null;
  if (tls === null && !isLoopback(value.CAIRN_LISTEN.host)) {
    throw new EnvironmentError('CAIRN_LISTEN: without CAIRN_TLS_CERT only loopback is allowed');
  }
  return {
    nodeId: value.CAIRN_NODE_ID,
    nodeName: value.CAIRN_NODE_NAME,
    clusterId: value.CAIRN_CLUSTER_ID,
    stateDir: value.CAIRN_STATE_DIR,
    runDir: value.CAIRN_RUN_DIR,
    etcdEndpoints: value.CAIRN_ETCD_ENDPOINTS,
    databaseUrl: readSecret('CAIRN_DATABASE_URL_FILE', value.CAIRN_DATABASE_URL_FILE),
    storageSocket: value.CAIRN_STORAGE_SOCKET,
    listen: value.CAIRN_LISTEN,
    tls,
    consoleDir: value.CAIRN_CONSOLE_DIR ?? null,
    bootstrapPasswordFile: value.CAIRN_BOOTSTRAP_PASSWORD_FILE ?? null,
    metricsToken: secretOrNull('CAIRN_METRICS_TOKEN_FILE', value.CAIRN_METRICS_TOKEN_FILE),
    localToken: secretOrNull('CAIRN_LOCAL_TOKEN_FILE', value.CAIRN_LOCAL_TOKEN_FILE),
    checkoutDir: value.CAIRN_CHECKOUT_DIR,
    programsDir:
      value.CAIRN_PROGRAMS_DIR ?? join(value.CAIRN_CHECKOUT_DIR, 'native/build/release/host'),
    logLevel: value.CAIRN_LOG_LEVEL,
  };
}
