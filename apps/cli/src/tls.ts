/**
 * TLS towards a node whose certificate nobody signed: the fingerprint that the user confirmed is the trust.
 *
 * With a pin, a connection is handed out only after its certificate was compared, so not a byte of a request or
 * credential leaves before. Without one, the system's certificate authorities decide.
 */
import { Agent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';
import type { Fetch } from '@cairn/api-client';

const CONNECT_TIMEOUT_MS = 10_000;

/** The server showed another certificate than the pinned one. */
export class CertificateChangedError extends Error {
  override readonly name = 'CertificateChangedError';

  constructor(expected: string, actual: string) {
    super(
      `The server's certificate has changed. Expected ${expected}, got ${actual}. ` +
        'If that is right, log in again; if not, somebody may be between you and the server.',
    );
  }
}

/** Keeps connections open between calls; call `destroy` at the end. */
export function createAgent(fingerprint: string | null): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  if (fingerprint === null) return agent;
  const createConnection = (
    options: ConnectionOptions,
    done: (error: Error | null, socket?: TLSSocket) => void,
  ): undefined => {
    const socket = connect({ ...options, rejectUnauthorized: false, timeout: CONNECT_TIMEOUT_MS });
    socket.once('secureConnect', () => {
      const actual = fingerprintOf(socket);
      socket.setTimeout(0);
      socket.off('error', done);
      if (actual === fingerprint) done(null, socket);
      else {
        socket.destroy();
        done(new CertificateChangedError(fingerprint, actual));
      }
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer to the TLS handshake')));
    socket.once('error', done);
    return undefined;
  };
  return Object.assign(agent, { createConnection });
}

export interface ServerCertificate {
  readonly fingerprint: string;
  /** The system's certificate authorities vouch for it. */
  readonly trusted: boolean;
}

/** Asks a server for its certificate. */
export function probeCertificate(server: string): Promise<ServerCertificate> {
  const { hostname, port } = new URL(server);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({
      host,
      port: Number(port),
      ...(/^[\d.]+$|:/.test(host) ? {} : { servername: host }),
      rejectUnauthorized: false,
      timeout: CONNECT_TIMEOUT_MS,
    });
    socket.once('secureConnect', () => {
      const fingerprint = fingerprintOf(socket);
      const trusted = socket.authorized;
      socket.destroy();
      resolve({ fingerprint, trusted });
    });
    socket.once('timeout', () => socket.destroy(new Error('no answer in time')));
    socket.once('error', (error: Error) =>
      reject(new Error(`${server} cannot be reached: ${error.message}`, { cause: error })),
    );
  });
}

function fingerprintOf(socket: TLSSocket): string {
  return socket.getPeerCertificate().fingerprint256.toLowerCase();
}

/** `fetch` over the agent's connections. Bodies are sent whole: the largest is one part of an upload. */
export function fetchOver(agent: Agent): Fetch {
  return async (request, init) => {
    const body = request.body === null ? undefined : Buffer.from(await request.arrayBuffer());
    const signal = init?.signal ?? request.signal;
    return new Promise<Response>((resolve, reject) => {
      const outgoing = httpsRequest(
        request.url,
        {
          agent,
          method: request.method,
          headers: {
            ...Object.fromEntries(request.headers),
            ...(body === undefined ? {} : { 'content-length': String(body.length) }),
          },
          signal,
        },
        (incoming) => {
          const headers = new Headers();
          for (const [name, value] of Object.entries(incoming.headersDistinct))
            for (const item of value ?? []) headers.append(name, item);
          const status = incoming.statusCode ?? 500;
          const empty = status === 204 || status === 304 || request.method === 'HEAD';
          if (empty) incoming.resume();
          const stream = empty ? null : bodyStreamOf(incoming);
          resolve(new Response(stream, { status, headers }));
        },
      );
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  };
}

/** Node.js declares its own type of the same web stream. */
function bodyStreamOf(incoming: Readable): ReadableStream<Uint8Array> {
  return Readable.toWeb(incoming) as ReadableStream<Uint8Array>;
}
