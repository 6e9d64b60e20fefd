/**
 * HttpsJoinTransport: a join over the cluster's HTTPS API.
 *
 * The server has to show a certificate of the cluster's authority with its whole chain; the joiner compares the authority
 * with its token, and from then on the certificate with the node that answered first.
 */
import {
  joinAnswerSchema,
  renewalAnswerSchema,
  type JoinAnswer,
  type JoinRequest,
  type RenewalAnswer,
  type RenewalRequest,
} from '@cairn/contracts';
import { Agent, request as httpsRequest, type AgentOptions } from 'node:https';
import { z } from 'zod';
import type { IdentityDirectory } from '../identity/identity-directory';
import { IdentityError } from '../identity/identity-error';
import { pinnedAuthority } from '../identity/pinned-authority';
import { JoinError, type JoinTarget, type JoinTransport } from './cluster-bootstrap';

export const JOIN_PATH = '/api/v1/cluster/join';
export const RENEWAL_PATH = '/api/v1/cluster/certificate';
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 256 * 1024;
const problemSchema = z.object({ title: z.string(), detail: z.string().optional() });

export interface HttpsJoinTransportOptions {
  readonly directory: IdentityDirectory;
  /** Nodes that may issue, for renewals, the preferred first. */
  readonly issuers: () => readonly { readonly host: string; readonly port: number }[];
  readonly now: () => Date;
}

interface Post {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly tls: AgentOptions;
  readonly body: unknown;
}

export class HttpsJoinTransport implements JoinTransport {
  constructor(private readonly options: HttpsJoinTransportOptions) {}

  async findAuthority(request: {
    readonly host: string;
    readonly port: number;
    readonly fingerprint: string;
  }): Promise<{ readonly authorityPem: string; readonly nodeId: string }> {
    const now = this.options.now();
    try {
      return await pinnedAuthority({ ...request, now, timeoutMs: TIMEOUT_MS });
    } catch (error) {
      if (!(error instanceof IdentityError)) throw error;
      const kind = error.kind === 'unreachable' ? 'unavailable' : 'untrusted';
      throw new JoinError(kind, error.message, { cause: error });
    }
  }

  async join(target: JoinTarget, body: JoinRequest): Promise<JoinAnswer> {
    const { host, port, authorityPem, nodeId } = target;
    const tls: AgentOptions = {
      ca: authorityPem,
      checkServerIdentity: (_, { subject }) =>
        subject.CN === nodeId ? undefined : new Error(`it is node ${String(subject.CN)}`),
    };
    return parsed(joinAnswerSchema, await post({ host, port, path: JOIN_PATH, tls, body }));
  }

  async renew(body: RenewalRequest): Promise<RenewalAnswer> {
    const credentials = await this.options.directory.credentials();
    if (credentials === null) throw new JoinError('conflict', 'this node has no certificate');
    const { authorityPem: ca, certificatePem: cert, keyPem: key } = credentials;
    let failure: unknown = new JoinError('unavailable', 'no node that may issue is known');
    for (const { host, port } of this.options.issuers()) {
      try {
        const tls: AgentOptions = { ca, cert, key };
        const answer = await post({ host, port, path: RENEWAL_PATH, tls, body });
        return parsed(renewalAnswerSchema, answer);
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }
}

function post({ host, port, path, tls, body }: Post): Promise<unknown> {
  const unavailable = (cause: unknown): JoinError =>
    new JoinError('unavailable', `${host}:${port} does not answer`, { cause });
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(text),
    };
    // A connection of its own: another one may have been made with another trust.
    const agent = new Agent({ ...tls, keepAlive: false, maxCachedSessions: 0 });
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    const request = httpsRequest({ host, port, path, method: 'POST', agent, headers, signal });
    request.on('error', (error) => {
      reject(unavailable(error));
    });
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on('data', (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) request.destroy(new Error('the answer is too long'));
        else chunks.push(chunk);
      });
      response.on('error', (error) => {
        reject(unavailable(error));
      });
      response.on('end', () => {
        try {
          resolve(contentOf(response.statusCode ?? 0, Buffer.concat(chunks).toString('utf8')));
        } catch (error) {
          reject(error instanceof JoinError ? error : unavailable(error));
        }
      });
    });
    request.end(text);
  });
}

function contentOf(status: number, text: string): unknown {
  const content: unknown = JSON.parse(text);
  if (status >= 200 && status < 300) return content;
  const problem = problemSchema.safeParse(content);
  const message = problem.data?.detail ?? problem.data?.title ?? `it answered ${status}`;
  const temporary = status === 429 || status >= 500;
  throw new JoinError(temporary ? 'unavailable' : 'refused', message);
}

function parsed<Schema extends z.ZodType>(schema: Schema, content: unknown): z.infer<Schema> {
  const answer = schema.safeParse(content);
  if (answer.success) return answer.data;
  throw new JoinError('untrusted', 'the answer is not what the protocol says', {
    cause: answer.error,
  });
}
