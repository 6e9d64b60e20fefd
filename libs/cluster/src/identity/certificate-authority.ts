/**
 * CertificateAuthority: the cluster's own. It says who is a node.
 *
 * Keys are EC P-256. The private key exists only encrypted (PKCS #8, AES-256-CBC); the passphrase is kept apart from it and
 * reaches `openssl` through a pipe. Of a request only the public key is taken: subject, alternative names, usage and dates
 * are the authority's words, so a node cannot ask to be another.
 */
import { createHash, createPublicKey, generateKeyPair, X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { promisify } from 'node:util';
import { IdentityError } from './identity-error';
import { openssl, PASSPHRASE_ARGUMENTS, withPrivateFiles } from './openssl';

const CURVE = 'prime256v1';
const DAY_MS = 24 * 3600 * 1000;
const AUTHORITY_LIFE_MS = 3652 * DAY_MS;
export const NODE_CERTIFICATE_LIFE_MS = 90 * DAY_MS;
/** Certificates begin a little in the past: the clocks of two nodes differ. */
const BACKDATED_MS = 5 * 60 * 1000;
const ADDRESSES_MAX = 32;
const REQUEST_BYTES_MAX = 8 * 1024;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const HOST_NAME =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/;

export interface AuthorityMaterial {
  readonly certificatePem: string;
  readonly encryptedKeyPem: string;
}

export interface IssueRequest {
  readonly requestPem: string;
  readonly nodeId: string;
  /** IP addresses and host names under which the node is reached. */
  readonly addresses: readonly string[];
  readonly now: Date;
  readonly lifeMs?: number;
}

export class CertificateAuthority {
  readonly certificate: X509Certificate;

  constructor(
    readonly material: AuthorityMaterial,
    private readonly passphrase: string,
  ) {
    this.certificate = parseCertificate(material.certificatePem);
  }

  /** Makes a new authority. */
  static async create(options: {
    readonly clusterId: string;
    readonly passphrase: string;
    readonly now: Date;
  }): Promise<CertificateAuthority> {
    const { clusterId, passphrase, now } = options;
    const encryptedKeyPem = await newEncryptedKey(passphrase);
    const files = {
      'authority.cnf': configuration({
        commonName: `Cairn cluster ${checkedId(clusterId)}`,
        names: [],
      }),
      'authority.key': encryptedKeyPem,
      'index.txt': '',
    };
    const certificatePem = await withPrivateFiles(files, async (cwd) => {
      const key = ['-config', 'authority.cnf', ...PASSPHRASE_ARGUMENTS];
      const request = ['req', '-new', ...key, '-key', 'authority.key', '-out', 'authority.csr'];
      await openssl({ args: request, passphrase, cwd });
      const sign = ['ca', '-batch', '-selfsign', '-notext', ...key, '-keyfile', 'authority.key'];
      const what = ['-in', 'authority.csr', '-extensions', 'authority'];
      const dates = validity(now, AUTHORITY_LIFE_MS);
      return (await openssl({ args: [...sign, ...what, ...dates], passphrase, cwd })).output;
    });
    return new CertificateAuthority({ certificatePem, encryptedKeyPem }, passphrase);
  }

  get fingerprint(): string {
    return fingerprintOf(this.certificate);
  }

  /**
   * Signs a node's certificate (PEM). Throws IdentityError `bad-request` when the request is not signed by its own P-256
   * key, or a name cannot stand in a certificate.
   */
  async issue(request: IssueRequest): Promise<string> {
    const { requestPem, nodeId, now, lifeMs = NODE_CERTIFICATE_LIFE_MS } = request;
    await publicKeyOfRequest(requestPem);
    const files = {
      'authority.cnf': configuration({ commonName: nodeId, names: alternativeNames(request) }),
      'authority.key': this.material.encryptedKeyPem,
      'authority.crt': this.material.certificatePem,
      'node.csr': requestPem,
      'index.txt': '',
    };
    return withPrivateFiles(files, async (cwd) => {
      const sign = ['ca', '-batch', '-notext', '-config', 'authority.cnf', ...PASSPHRASE_ARGUMENTS];
      const by = ['-cert', 'authority.crt', '-keyfile', 'authority.key'];
      const what = ['-in', 'node.csr', '-subj', `/CN=${nodeId}`, '-extensions', 'node'];
      const args = [...sign, ...by, ...what, ...validity(now, lifeMs)];
      return (await openssl({ args, passphrase: this.passphrase, cwd })).output;
    });
  }
}

async function newEncryptedKey(passphrase: string): Promise<string> {
  if (passphrase.length < 16) throw new Error('a passphrase of the authority is too short');
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: CURVE });
  return privateKey
    .export({ type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase })
    .toString();
}

/** A new private key of a node, as PEM. Who stores it gives the file mode 0600. */
export async function newNodeKey(): Promise<string> {
  const { privateKey } = await promisify(generateKeyPair)('ec', { namedCurve: CURVE });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/** A request for a certificate, signed by `keyPem`. */
export async function certificateRequest(keyPem: string, nodeId: string): Promise<string> {
  const names = { commonName: checkedId(nodeId), names: [] };
  const files = { 'node.cnf': configuration(names), 'node.key': keyPem };
  const args = ['req', '-new', '-config', 'node.cnf', '-key', 'node.key'];
  return (await withPrivateFiles(files, (cwd) => openssl({ args, cwd }))).output;
}

/** The public key (SPKI, DER) of a request, whose own signature was verified. */
export async function publicKeyOfRequest(requestPem: string): Promise<Buffer> {
  if (requestPem.length > REQUEST_BYTES_MAX) throw badRequest('it is too long');
  try {
    const args = ['req', '-in', 'node.csr', '-noout', '-verify', '-pubkey'];
    const { output, remarks } = await withPrivateFiles({ 'node.csr': requestPem }, (cwd) =>
      openssl({ args, cwd }),
    );
    // OpenSSL 3.0 exits with 0 also when the signature is wrong.
    if (!/verify OK/.test(remarks)) throw badRequest('its own key did not sign it');
    const key = createPublicKey(output);
    if (key.asymmetricKeyDetails?.namedCurve !== CURVE) throw badRequest('its key is not P-256');
    return key.export({ type: 'spki', format: 'der' });
  } catch (cause) {
    if (cause instanceof IdentityError && cause.kind === 'bad-request') throw cause;
    throw badRequest('it cannot be read', cause);
  }
}

/** SHA-256 of a certificate's DER form, as 64 hexadecimal digits. */
export function fingerprintOf(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

/** SHA-256 of a public key (SPKI, DER): what both sides of a join show to people. */
export function keyFingerprint(publicKey: Buffer): string {
  return createHash('sha256').update(publicKey).digest('hex');
}

/** The fingerprint of the key that a certificate is for. */
export function keyFingerprintOf({ publicKey }: X509Certificate): string {
  return keyFingerprint(publicKey.export({ type: 'spki', format: 'der' }));
}

/** Throws IdentityError `damaged` for what is not one certificate in PEM. */
export function parseCertificate(pem: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (cause) {
    throw new IdentityError('damaged', 'a certificate cannot be read', { cause });
  }
}

function checkedId(id: string): string {
  if (!UUID.test(id)) throw badRequest('an id is not a UUID in lower case');
  return id;
}

function alternativeNames({ nodeId, addresses }: IssueRequest): readonly string[] {
  if (addresses.length > ADDRESSES_MAX) throw badRequest(`more than ${ADDRESSES_MAX} addresses`);
  // Loopback too: a node's own services reach each other there, and so do the nodes of one machine.
  const all = [checkedId(nodeId), 'localhost', '127.0.0.1', '::1', ...addresses];
  return [...new Set(all)].map((name) => {
    if (isIP(name) !== 0) return `IP:${name}`;
    // Nothing else may enter openssl's configuration: a name is where somebody else's text meets it.
    if (!HOST_NAME.test(name)) throw badRequest('an address is neither an IP nor a host name');
    return `DNS:${name}`;
  });
}

function configuration(subject: {
  readonly commonName: string;
  readonly names: readonly string[];
}): string {
  const alternative = subject.names.length > 0 ? [`subjectAltName=${subject.names.join(',')}`] : [];
  return [
    '[req]',
    'distinguished_name=subject',
    'prompt=no',
    'string_mask=utf8only',
    '[subject]',
    `CN=${subject.commonName}`,
    '[ca]',
    'default_ca=cluster',
    '[cluster]',
    'new_certs_dir=.',
    'database=index.txt',
    'default_md=sha256',
    'policy=any',
    'copy_extensions=none',
    'rand_serial=yes',
    '[any]',
    'commonName=supplied',
    '[authority]',
    'basicConstraints=critical,CA:TRUE,pathlen:0',
    'keyUsage=critical,keyCertSign,cRLSign',
    'subjectKeyIdentifier=hash',
    '[node]',
    'basicConstraints=critical,CA:FALSE',
    'keyUsage=critical,digitalSignature',
    'extendedKeyUsage=serverAuth,clientAuth',
    'subjectKeyIdentifier=hash',
    'authorityKeyIdentifier=keyid',
    ...alternative,
    '',
  ].join('\n');
}

function validity(now: Date, lifeMs: number): readonly string[] {
  const from = new Date(now.getTime() - BACKDATED_MS);
  const to = new Date(now.getTime() + lifeMs);
  return ['-startdate', generalizedTime(from), '-enddate', generalizedTime(to)];
}

function generalizedTime(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[-T:]/g, '')}Z`;
}

function badRequest(what: string, cause?: unknown): IdentityError {
  return new IdentityError('bad-request', `the request for a certificate is refused: ${what}`, {
    cause,
  });
}
