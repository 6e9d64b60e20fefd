/**
 * Reads the authority of a cluster from a TLS handshake and believes it only if it has the expected fingerprint.
 *
 * This is how a joining node, which trusts nobody yet, finds out that it speaks to the cluster that its token names. Nothing
 * is sent but the handshake. The server must send its whole chain.
 */
import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { fingerprintOf } from './certificate-authority';
import { IdentityError } from './identity-error';
import { verifyNode } from './trust';

export interface PinnedAuthority {
  readonly authorityPem: string;
  /** The node that answered. */
  readonly nodeId: string;
}

export interface PinnedAuthorityRequest {
  readonly host: string;
  readonly port: number;
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly fingerprint: string;
  readonly now: Date;
  readonly timeoutMs: number;
}

/** Throws IdentityError `untrusted` when somebody else answers, `unreachable` when nobody does. */
export async function pinnedAuthority(request: PinnedAuthorityRequest): Promise<PinnedAuthority> {
  const chain = await presentedChain(request);
  const authority = chain.find((each) => fingerprintOf(each) === request.fingerprint);
  const [leaf] = chain;
  if (authority === undefined || leaf === undefined) {
    throw untrusted(request, 'it is not of the cluster that the token names');
  }
  const verdict = verifyNode({ certificate: leaf, authority, now: request.now });
  if (verdict.kind === 'refused') throw untrusted(request, verdict.message);
  return { authorityPem: authority.toString(), nodeId: verdict.nodeId };
}

const CHAIN_LENGTH_MAX = 4;

function presentedChain(request: PinnedAuthorityRequest): Promise<readonly X509Certificate[]> {
  const { host, port, timeoutMs } = request;
  return new Promise((resolve, reject) => {
    const socket: TLSSocket = connect({
      host,
      port,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      // Verified by the caller, against the fingerprint, before anything is sent.
      rejectUnauthorized: false,
      timeout: timeoutMs,
    });
    const timer = setTimeout(() => {
      socket.destroy(new Error('no handshake in time'));
    }, timeoutMs);
    socket.once('secureConnect', () => {
      const chain: X509Certificate[] = [];
      let next = socket.getPeerX509Certificate();
      while (next !== undefined && chain.length < CHAIN_LENGTH_MAX) {
        chain.push(next);
        next = next.issuerCertificate;
      }
      clearTimeout(timer);
      socket.destroy();
      resolve(chain);
    });
    socket.once('error', (cause) => {
      clearTimeout(timer);
      const message = `${host}:${port} does not answer with TLS`;
      reject(new IdentityError('unreachable', message, { cause }));
    });
  });
}

function untrusted({ host, port }: PinnedAuthorityRequest, what: string): IdentityError {
  return new IdentityError('untrusted', `${host}:${port} is not trusted: ${what}`);
}
