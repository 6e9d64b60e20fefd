/**
 * The user's configuration: which server, which certificate, which token.
 *
 * The file holds a credential: it is written with mode 0600 in a directory of mode 0700, and replaced in one step.
 */
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { UsageError } from './exit';
import type { World } from './world';

/** `ab:cd:…`, 32 bytes: the SHA-256 of the certificate as OpenSSL prints it, lowered. */
export const fingerprintSchema = z
  .string()
  .toLowerCase()
  .transform((text) => text.replace(/^sha256[:=]/, '').replace(/:/g, ''))
  .pipe(z.string().regex(/^[0-9a-f]{64}$/, 'must be a SHA-256 fingerprint'))
  .transform((hex) => hex.replace(/(..)(?=.)/g, '$1:'));

const configSchema = z.strictObject({
  schema: z.literal(1),
  server: z.url({ protocol: /^https$/ }),
  fingerprint: fingerprintSchema.nullable(),
  user: z.string(),
  token: z.string().min(1),
  tokenId: z.string().nullable(),
});
export type Config = z.infer<typeof configSchema>;

export function configPathOf(world: World): string {
  const explicit = world.env['CAIRN_CONFIG'];
  if (explicit !== undefined && explicit !== '') return explicit;
  const base = world.env['XDG_CONFIG_HOME'];
  const root = base !== undefined && base.startsWith('/') ? base : join(world.homeDir, '.config');
  return join(root, 'cairn', 'config.json');
}

/** The configuration of the environment, else of the file; undefined if there is neither. Throws `UsageError`. */
export function loadConfig(world: World): Config | undefined {
  const server = world.env['CAIRN_SERVER'];
  const tokenFile = world.env['CAIRN_TOKEN_FILE'];
  if (server !== undefined && tokenFile !== undefined) {
    return {
      schema: 1,
      server: serverUrlOf(server),
      fingerprint: parseFingerprint(world.env['CAIRN_FINGERPRINT']),
      user: '',
      token: readFileSync(tokenFile, 'utf8').trim(),
      tokenId: null,
    };
  }
  return readConfig(configPathOf(world));
}

export function readConfig(path: string): Config | undefined {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
  const parsed = configSchema.safeParse(jsonOf(text));
  if (!parsed.success)
    throw new UsageError(`${path} is damaged. Log in again: cairn login <server>`);
  return parsed.data;
}

export function saveConfig(path: string, config: Config): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${process.pid}.new`;
  writeFileSync(temporary, `${JSON.stringify(config, null, 2)}\n`, { mode: 0o600 });
  chmodSync(temporary, 0o600);
  renameSync(temporary, path);
}

export function removeConfig(path: string): void {
  rmSync(path, { force: true });
}

/** `node1`, `node1:8443` or a whole `https://…` address. Throws `UsageError`. */
export function serverUrlOf(text: string): string {
  const withScheme = /^[a-z]+:\/\//i.test(text) ? text : `https://${text}`;
  const url = URL.canParse(withScheme) ? new URL(withScheme) : undefined;
  if (url === undefined || url.protocol !== 'https:' || url.username !== '' || url.pathname !== '/')
    throw new UsageError(
      `"${text}" is not a server. Write for example node1 or https://node1:8443.`,
    );
  const explicitPort = /:\d+\/?$/.test(withScheme);
  return `https://${url.hostname}:${explicitPort ? url.port || '443' : '8443'}`;
}

export function parseFingerprint(text: string | undefined): string | null {
  if (text === undefined) return null;
  const parsed = fingerprintSchema.safeParse(text);
  if (!parsed.success) throw new UsageError(`"${text}" is not a SHA-256 fingerprint.`);
  return parsed.data;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
