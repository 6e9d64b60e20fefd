/** The node's secrets: random passwords and the TLS key, each in a file only its owner can read. */
import { execFile } from 'node:child_process';
import { randomBytes, randomInt, X509Certificate } from 'node:crypto';
import { chmodSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname, networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { isIP } from 'node:net';
import { promisify } from 'node:util';

const execute = promisify(execFile);

const CERTIFICATE_DAYS = 825;
const RENEW_BEFORE_MS = 30 * 24 * 3600 * 1000;
/** No letters or digits that look alike: the password is read from a screen and typed. */
const READABLE = 'abcdefghjkmnpqrstuvwxyz23456789';

/** Writes a secret in one step; a reader sees all of it or none. */
export function writeSecret(path: string, value: string): void {
  writeFileSync(`${path}.new`, value, { mode: 0o600, flush: true });
  renameSync(`${path}.new`, path);
}

/** The secret in a file, made by `make` when there is none yet. */
export function loadSecret(path: string, make: () => string): string {
  if (!existsSync(path)) writeSecret(path, make());
  return readFileSync(path, 'utf8').trim();
}

export function randomPassword(): string {
  return randomBytes(24).toString('base64url');
}

/** Four groups of five readable characters: about 99 bits. */
export function readablePassword(): string {
  const group = (): string =>
    Array.from({ length: 5 }, () => READABLE.charAt(randomInt(READABLE.length))).join('');
  return [group(), group(), group(), group()].join('-');
}

export interface Certificate {
  readonly certFile: string;
  readonly keyFile: string;
  /** SHA-256 in colon-separated hex, as browsers show it. */
  readonly fingerprint: string;
}

/**
 * The node's self-signed certificate; made at the first start and again within 30 days of its end.
 * Needs the `openssl` program.
 */
export async function ensureCertificate(
  secretsDir: string,
  listenHost: string,
): Promise<Certificate> {
  const certFile = join(secretsDir, 'tls.crt');
  const keyFile = join(secretsDir, 'tls.key');
  if (!existsSync(certFile) || !existsSync(keyFile) || expiresSoon(certFile)) {
    await makeCertificate({ certFile, keyFile, names: certificateNames(listenHost) });
  }
  return { certFile, keyFile, fingerprint: readCertificate(certFile).fingerprint256 };
}

/** The subject alternative names: this host's names and addresses. */
export function certificateNames(listenHost: string): readonly string[] {
  const addresses = Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .map(({ address }) => address)
    .filter((address) => !address.startsWith('fe80'));
  const all = ['127.0.0.1', '::1', listenHost, ...addresses, 'localhost', hostname()];
  const names = all
    .filter((name) => name !== '0.0.0.0' && name !== '::')
    .map((name) => `${isIP(name) === 0 ? 'DNS' : 'IP'}:${name}`);
  return [...new Set(names)];
}

interface CertificateRequest {
  readonly certFile: string;
  readonly keyFile: string;
  readonly names: readonly string[];
}

async function makeCertificate({ certFile, keyFile, names }: CertificateRequest): Promise<void> {
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  await execute('openssl', [
    ...request,
    ...['-nodes', '-days', String(CERTIFICATE_DAYS), '-subj', `/O=Cairn/CN=${hostname()}`],
    ...['-addext', `subjectAltName=${names.join(',')}`],
    ...['-addext', 'extendedKeyUsage=serverAuth'],
    ...['-keyout', `${keyFile}.new`, '-out', `${certFile}.new`],
  ]);
  for (const file of [keyFile, certFile]) {
    chmodSync(`${file}.new`, 0o600);
    renameSync(`${file}.new`, file);
  }
}

function readCertificate(file: string): X509Certificate {
  return new X509Certificate(readFileSync(file));
}

function expiresSoon(certFile: string): boolean {
  return Date.parse(readCertificate(certFile).validTo) - Date.now() < RENEW_BEFORE_MS;
}
