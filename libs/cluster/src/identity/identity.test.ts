import { createPrivateKey, createPublicKey, randomUUID, X509Certificate } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer, type Server } from 'node:tls';
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import {
  certificateRequest,
  CertificateAuthority,
  fingerprintOf,
  keyFingerprint,
  keyFingerprintOf,
  newNodeKey,
  NODE_CERTIFICATE_LIFE_MS,
  parseCertificate,
  publicKeyOfRequest,
} from './certificate-authority';
import { IdentityDirectory } from './identity-directory';
import { openssl } from './openssl';
import { pinnedAuthority } from './pinned-authority';
import { decideRenewal, verifyNode } from './trust';

const NOW = new Date('2026-11-21T12:00:00Z');
const DAY_MS = 24 * 3600 * 1000;
const PASSPHRASE = 'a passphrase of these tests';
const NODE = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001';
const OTHER = '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a002';

let authority: CertificateAuthority;
let stranger: CertificateAuthority;
let keyPem: string;
let requestPem: string;
beforeAll(async () => {
  const make = (): Promise<CertificateAuthority> =>
    CertificateAuthority.create({ clusterId: randomUUID(), passphrase: PASSPHRASE, now: NOW });
  [authority, stranger] = await Promise.all([make(), make()]);
  keyPem = await newNodeKey();
  requestPem = await certificateRequest(keyPem, NODE);
});

const issue = async (
  by: CertificateAuthority,
  change: { nodeId?: string; addresses?: readonly string[]; now?: Date } = {},
): Promise<X509Certificate> =>
  parseCertificate(
    await by.issue({ requestPem, nodeId: NODE, addresses: ['10.0.0.7'], now: NOW, ...change }),
  );

describe('CertificateAuthority', () => {
  it('makes an authority whose key is readable only with its passphrase', () => {
    const { encryptedKeyPem, certificatePem } = authority.material;
    expect(encryptedKeyPem).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(parseCertificate(certificatePem).ca).toBe(true);
    const wrong = new CertificateAuthority(authority.material, 'another passphrase');
    return expect(issue(wrong)).rejects.toMatchObject({ kind: 'openssl' });
  });

  it('gives a node a certificate with its id as the name and its addresses beside', async () => {
    const certificate = await issue(authority, { addresses: ['10.0.0.7', 'fd00::7', 'n1.lan'] });
    expect(certificate.subject).toBe(`CN=${NODE}`);
    for (const address of ['10.0.0.7', 'fd00::7', '127.0.0.1']) {
      expect(certificate.checkIP(address)).toBe(address);
    }
    for (const name of [NODE, 'n1.lan', 'localhost']) {
      expect(certificate.checkHost(name)).toBe(name);
    }
    expect(certificate.checkIP('10.0.0.8')).toBeUndefined();
    expect(certificate.ca).toBe(false);
    expect(certificate.checkPrivateKey(createPrivateKey(keyPem))).toBe(true);
  });

  it('takes the name from the issuer, not from the request', async () => {
    expect((await issue(authority, { nodeId: OTHER })).subject).toBe(`CN=${OTHER}`);
  });

  it('gives each certificate a serial number of its own', async () => {
    const [a, b] = await Promise.all([issue(authority), issue(authority)]);
    expect(a.serialNumber).not.toBe(b.serialNumber);
  });

  it.each([
    ['a line break', 'a\nsubjectAltName=DNS:evil'],
    ['a comma', 'a,DNS:evil'],
    ['a wildcard', '*.example'],
    ['an upper-case name', 'Node'],
    ['nothing', ''],
  ])('refuses an address with %s', async (_, address) => {
    await expect(issue(authority, { addresses: [address] })).rejects.toMatchObject({
      kind: 'bad-request',
    });
  });

  it('refuses a node id that is not a UUID', async () => {
    await expect(issue(authority, { nodeId: 'a/CN=b' })).rejects.toMatchObject({
      kind: 'bad-request',
    });
  });

  it.each([
    ['garbage', () => Promise.resolve('garbage')],
    [
      'a request signed by another key',
      async () => {
        const der = Buffer.from(requestPem.replaceAll(/-----.*-----|\n/g, ''), 'base64');
        der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
        const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
        return [
          '-----BEGIN CERTIFICATE REQUEST-----',
          ...lines,
          '-----END CERTIFICATE REQUEST-----',
        ].join('\n');
      },
    ],
    [
      'an RSA key',
      async () => {
        const args = ['req', '-new', '-newkey', 'rsa:2048', '-noenc', '-keyout', '/dev/null'];
        const more = ['-subj', '/CN=x', '-config', '/etc/ssl/openssl.cnf'];
        return (await openssl({ args: [...args, ...more] })).output;
      },
    ],
  ])('refuses %s', async (_, make) => {
    const bad = await make();
    await expect(publicKeyOfRequest(bad)).rejects.toMatchObject({ kind: 'bad-request' });
    await expect(
      authority.issue({ requestPem: bad, nodeId: NODE, addresses: [], now: NOW }),
    ).rejects.toMatchObject({ kind: 'bad-request' });
  });

  it('leaves nothing behind in the temporary directory', async () => {
    const before = (await readdir(tmpdir())).filter((name) => name.startsWith('cairn-identity-'));
    await issue(authority);
    const after = (await readdir(tmpdir())).filter((name) => name.startsWith('cairn-identity-'));
    expect(after.filter((name) => !before.includes(name))).toEqual([]);
  });

  it('shows the same fingerprint of a key on both sides', async () => {
    const own = createPublicKey(keyPem).export({ type: 'spki', format: 'der' });
    expect(keyFingerprint(await publicKeyOfRequest(requestPem))).toBe(keyFingerprint(own));
  });
});

describe('verifyNode', () => {
  const ask = (
    certificate: X509Certificate,
    more: Partial<Parameters<typeof verifyNode>[0]> = {},
  ) => verifyNode({ certificate, authority: authority.certificate, now: NOW, ...more });

  it('trusts a node of the cluster, and the expected one', async () => {
    const certificate = await issue(authority);
    expect(ask(certificate)).toEqual({ kind: 'trusted', nodeId: NODE });
    expect(ask(certificate, { nodeId: NODE })).toEqual({ kind: 'trusted', nodeId: NODE });
  });

  it('refuses another node, another cluster, the authority itself, and what was revoked', async () => {
    const certificate = await issue(authority);
    expect(ask(certificate, { nodeId: OTHER })).toMatchObject({ reason: 'other-node' });
    expect(ask(await issue(stranger))).toMatchObject({ reason: 'foreign' });
    expect(ask(authority.certificate)).toMatchObject({ reason: 'not-a-node' });
    const revoked = new Set([keyFingerprintOf(certificate)]);
    expect(ask(certificate, { revoked })).toMatchObject({ reason: 'revoked' });
    expect(ask(await issue(authority), { revoked })).toMatchObject({ reason: 'revoked' });
  });

  it('refuses a stranger’s authority that has the same name', async () => {
    const clusterId = authority.certificate.subject.slice('CN=Cairn cluster '.length);
    const impostor = await CertificateAuthority.create({
      clusterId,
      passphrase: PASSPHRASE,
      now: NOW,
    });
    expect(ask(await issue(impostor))).toMatchObject({ kind: 'refused', reason: 'foreign' });
  });

  it('refuses a certificate before and after its life, and allows for clocks that differ', async () => {
    const certificate = await issue(authority);
    const at = (ms: number) => ask(certificate, { now: new Date(NOW.getTime() + ms) });
    expect(at(-60_000).kind).toBe('trusted');
    expect(at(-DAY_MS)).toMatchObject({ reason: 'not-yet-valid' });
    expect(at(NODE_CERTIFICATE_LIFE_MS + 1000)).toMatchObject({ reason: 'expired' });
  });
});

describe('decideRenewal', () => {
  it.each([
    [0, 'keep'],
    [59, 'keep'],
    [61, 'renew'],
    [74, 'renew'],
    [76, 'overdue'],
    [91, 'expired'],
  ])('after %i days of 90 says %s', async (days, kind) => {
    const certificate = await issue(authority);
    expect(decideRenewal(certificate, new Date(NOW.getTime() + days * DAY_MS)).kind).toBe(kind);
  });
});

describe('IdentityDirectory', () => {
  let path: string;
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), 'cairn-identity-test-'));
  });
  afterAll(() => rm(path, { recursive: true, force: true }));

  it('keeps an identity in files that only their owner can read', async () => {
    const directory = new IdentityDirectory(join(path, 'a'));
    expect(await directory.credentials()).toBeNull();
    expect(await directory.authority()).toBeNull();
    const key = await directory.key(() => Promise.resolve(keyPem));
    expect(await directory.key(() => Promise.reject(new Error('made twice')))).toBe(key);
    const certificatePem = (await issue(authority)).toString();
    const authorityPem = authority.material.certificatePem;
    await directory.saveCertificates({ authorityPem, certificatePem });
    await directory.saveAuthority(authority.material, PASSPHRASE);
    expect(await directory.credentials()).toEqual({ authorityPem, certificatePem, keyPem });
    expect((await stat(directory.path)).mode & 0o777).toBe(0o700);
    for (const name of await readdir(directory.path)) {
      expect((await stat(join(directory.path, name))).mode & 0o777).toBe(0o600);
    }
    const again = await directory.authority();
    expect(again?.fingerprint).toBe(authority.fingerprint);
    expect(await readFile(join(directory.path, 'authority.key'), 'utf8')).toContain('ENCRYPTED');
  });

  it('says so when key and certificate do not belong together', async () => {
    const directory = new IdentityDirectory(join(path, 'b'));
    await directory.key(newNodeKey);
    await directory.saveCertificates({
      authorityPem: authority.material.certificatePem,
      certificatePem: (await issue(authority)).toString(),
    });
    await expect(directory.credentials()).rejects.toMatchObject({ kind: 'damaged' });
    await writeFile(join(directory.path, 'node.key'), 'SECRET');
    const failure: unknown = await directory.credentials().catch((error: unknown) => error);
    expect(String(failure)).not.toContain('SECRET');
  });
});

describe('pinnedAuthority', () => {
  let server: Server | undefined;
  afterEach(() => {
    server?.close();
  });

  const serve = async (by: CertificateAuthority): Promise<number> => {
    const cert = (await issue(by, { now: new Date() })).toString() + by.material.certificatePem;
    server = createTlsServer({ key: keyPem, cert }, (socket) => {
      socket.on('error', () => undefined);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  };
  const ask = (port: number) =>
    pinnedAuthority({
      host: '127.0.0.1',
      port,
      fingerprint: authority.fingerprint,
      now: new Date(),
      timeoutMs: 3000,
    });

  it('learns the authority that has the fingerprint', async () => {
    const answer = await ask(await serve(authority));
    expect(answer.nodeId).toBe(NODE);
    expect(fingerprintOf(parseCertificate(answer.authorityPem))).toBe(authority.fingerprint);
  });

  it('refuses the node of another cluster', async () => {
    await expect(ask(await serve(stranger))).rejects.toMatchObject({ kind: 'untrusted' });
  });

  it('refuses a server that shows the right authority with a certificate of its own', async () => {
    const forged = (await issue(stranger, { now: new Date() })).toString();
    const cert = forged + authority.material.certificatePem;
    server = createTlsServer({ key: keyPem, cert }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    await expect(ask(address.port)).rejects.toMatchObject({ kind: 'untrusted' });
  });

  it('says that nobody answered', async () => {
    await expect(ask(1)).rejects.toMatchObject({ kind: 'unreachable' });
  });
});
