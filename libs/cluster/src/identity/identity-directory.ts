/**
 * IdentityDirectory: a node's key and certificate on disk, in a directory of mode 0700.
 *
 *     authority.crt     the cluster's authority
 *     node.key          this node's private key, 0600
 *     node.crt          this node's certificate; etcd reads both files anew for every connection
 *     authority.key     the authority's key, encrypted; only on nodes that may issue
 *     authority.secret  its passphrase, 0600; only there
 *
 * Every file is replaced as a whole (written beside, synced, renamed), so a crash leaves the old or the new one. A renewed
 * certificate keeps the node's key: two files cannot be replaced at once, and a pair that does not match serves nobody.
 */
import { createPrivateKey } from 'node:crypto';
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { CertificateAuthority, parseCertificate } from './certificate-authority';
import { IdentityError } from './identity-error';

export interface NodeCredentials {
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

const FILES = {
  authority: 'authority.crt',
  key: 'node.key',
  certificate: 'node.crt',
  authorityKey: 'authority.key',
  authoritySecret: 'authority.secret',
} as const;

export class IdentityDirectory {
  constructor(readonly path: string) {}

  /** The files for programs that read certificates themselves. */
  get files(): { readonly authority: string; readonly certificate: string; readonly key: string } {
    return {
      authority: join(this.path, FILES.authority),
      certificate: join(this.path, FILES.certificate),
      key: join(this.path, FILES.key),
    };
  }

  /** Null when the node has no identity yet; throws `damaged` when key and certificate do not belong together. */
  async credentials(): Promise<NodeCredentials | null> {
    const [authorityPem, certificatePem, keyPem] = await Promise.all([
      this.read(FILES.authority),
      this.read(FILES.certificate),
      this.read(FILES.key),
    ]);
    if (authorityPem === null || certificatePem === null || keyPem === null) return null;
    if (!parseCertificate(certificatePem).checkPrivateKey(privateKey(keyPem))) {
      throw new IdentityError('damaged', 'the node’s key is not the key of its certificate');
    }
    return { authorityPem, certificatePem, keyPem };
  }

  /** The node's key, made by `make` unless there is one: a join that is taken up again asks with the same key. */
  async key(make: () => Promise<string>): Promise<string> {
    const existing = await this.read(FILES.key);
    if (existing !== null) {
      privateKey(existing);
      return existing;
    }
    const made = await make();
    await this.write(FILES.key, made);
    return made;
  }

  async saveCertificates(pems: {
    readonly authorityPem: string;
    readonly certificatePem: string;
  }): Promise<void> {
    await this.write(FILES.authority, pems.authorityPem);
    await this.write(FILES.certificate, pems.certificatePem);
  }

  /** Null on a node that may not issue. */
  async authority(): Promise<CertificateAuthority | null> {
    const [certificatePem, encryptedKeyPem, passphrase] = await Promise.all([
      this.read(FILES.authority),
      this.read(FILES.authorityKey),
      this.read(FILES.authoritySecret),
    ]);
    if (certificatePem === null || encryptedKeyPem === null || passphrase === null) return null;
    return new CertificateAuthority({ certificatePem, encryptedKeyPem }, passphrase.trim());
  }

  async saveAuthority(
    authority: { readonly certificatePem: string; readonly encryptedKeyPem: string },
    passphrase: string,
  ): Promise<void> {
    await this.write(FILES.authoritySecret, passphrase);
    await this.write(FILES.authorityKey, authority.encryptedKeyPem);
    await this.write(FILES.authority, authority.certificatePem);
  }

  /** Null when there is no such file. */
  async read(name: string): Promise<string | null> {
    try {
      return await readFile(join(this.path, name), 'utf8');
    } catch (cause) {
      if (isMissing(cause)) return null;
      throw new IdentityError('damaged', `${name} cannot be read`, { cause });
    }
  }

  async remove(name: string): Promise<void> {
    await rm(join(this.path, name), { force: true });
  }

  /** Replaces a file as a whole, readable by its owner alone. */
  async write(name: string, content: string): Promise<void> {
    await mkdir(this.path, { recursive: true, mode: 0o700 });
    await chmod(this.path, 0o700);
    const path = join(this.path, name);
    const beside = `${path}.new`;
    const file = await open(beside, 'w', 0o600);
    try {
      await file.chmod(0o600);
      await file.writeFile(content);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(beside, path);
    await syncDirectory(dirname(path));
  }
}

function privateKey(pem: string): ReturnType<typeof createPrivateKey> {
  try {
    return createPrivateKey(pem);
  } catch {
    // Without the cause: it may quote what it read.
    throw new IdentityError('damaged', 'the node’s key cannot be read');
  }
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
