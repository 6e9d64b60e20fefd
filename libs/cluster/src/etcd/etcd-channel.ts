/**
 * EtcdChannel: calls to whichever etcd member answers.
 *
 * One call = attempts of `attemptTimeoutMs` each, on the next member after every failure, until `timeoutMs` have passed. The
 * short attempts matter: a request that a member forwarded to a dying leader is answered only after seven seconds.
 *
 * Members and credentials can be replaced while calls run: what is under way on a member that is gone fails like any attempt.
 */
import {
  Client,
  credentials,
  Metadata,
  status,
  type ChannelCredentials,
  type ServiceError,
} from '@grpc/grpc-js';
import { isIP } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { checkServerIdentity } from 'node:tls';
import { ClusterError, type CallOptions } from '../key-value-store';

export interface EtcdCredentials {
  readonly authorityPem: string;
  readonly certificatePem: string;
  readonly keyPem: string;
}

export interface EtcdOptions {
  /** host:port of every member; an IPv6 address stands in brackets. */
  readonly endpoints: readonly string[];
  /** Mutual TLS; without it the connection is in clear text, which only a loopback address deserves. */
  readonly credentials?: EtcdCredentials;
  readonly attemptTimeoutMs?: number;
  readonly timeoutMs?: number;
}

export const ATTEMPT_TIMEOUT_MS = 300;
export const TIMEOUT_MS = 3000;
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 200;
const MESSAGE_BYTES_MAX = 64 * 1024 * 1024;

const RETRIED: ReadonlySet<number> = new Set([
  status.UNAVAILABLE,
  status.DEADLINE_EXCEEDED,
  status.CANCELLED,
  status.INTERNAL,
  status.UNKNOWN,
]);

export interface Attempt<Result> {
  readonly result: Result;
  /** An earlier attempt of the same call failed in a way that leaves open whether it had its effect. */
  readonly repeated: boolean;
}

/** A unary call to the one member of an attempt. */
export type MemberCall = <Result>(
  method: string,
  request: Buffer,
  decode: (message: Buffer) => Result,
) => Promise<Result>;

interface Member {
  readonly endpoint: string;
  readonly client: Client;
}

export class EtcdChannel {
  private members: readonly Member[];
  private credentials: EtcdCredentials | undefined;
  private readonly attemptTimeoutMs: number;
  private readonly timeoutMs: number;
  private current = 0;
  private closed = false;

  constructor(options: EtcdOptions) {
    this.attemptTimeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.credentials = options.credentials;
    this.members = checked(options.endpoints).map((endpoint) => this.connect(endpoint));
  }

  get endpoints(): readonly string[] {
    return this.members.map(({ endpoint }) => endpoint);
  }

  /** Uses these members from now on; connections to those that stay are kept. */
  setEndpoints(endpoints: readonly string[]): void {
    const before = new Map(this.members.map((member) => [member.endpoint, member]));
    const used = this.members[this.current];
    this.members = [...new Set(checked(endpoints))].map(
      (endpoint) => before.get(endpoint) ?? this.connect(endpoint),
    );
    this.current = used === undefined ? 0 : Math.max(0, this.members.indexOf(used));
    for (const member of before.values()) {
      if (!this.members.includes(member)) member.client.close();
    }
  }

  /** Connects anew with a renewed certificate. */
  setCredentials(renewed: EtcdCredentials): void {
    const before = this.members;
    this.credentials = renewed;
    this.members = before.map(({ endpoint }) => this.connect(endpoint));
    for (const { client } of before) client.close();
  }

  /** A unary call that may be repeated. */
  call<Result>(
    method: string,
    request: Buffer,
    decode: (message: Buffer) => Result,
    options: CallOptions = {},
  ): Promise<Attempt<Result>> {
    return this.attempt((member) => member(method, request, decode), options);
  }

  /** Calls that may be repeated and that have to be answered by one and the same member. */
  async attempt<Result>(
    work: (member: MemberCall) => Promise<Result>,
    options: CallOptions = {},
  ): Promise<Attempt<Result>> {
    const deadline = performance.now() + (options.timeoutMs ?? this.timeoutMs);
    let pauseMs = PAUSE_MS_MIN;
    for (let attempt = 0; ; attempt += 1) {
      try {
        const timeoutMs = Math.min(this.attemptTimeoutMs, deadline - performance.now());
        const result = await this.once(work, { ...options, timeoutMs });
        return { result, repeated: attempt > 0 };
      } catch (error) {
        if (!(error instanceof ClusterError) || error.kind !== 'unavailable') throw error;
        if (performance.now() + pauseMs >= deadline) throw error;
      }
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  /** A single attempt. ClusterError `unavailable` leaves open whether it had, or will have, its effect. */
  async once<Result>(
    work: (member: MemberCall) => Promise<Result>,
    options: CallOptions = {},
  ): Promise<Result> {
    this.throwIfEnded(options.signal);
    const used = this.current;
    const timeoutMs = Math.max(1, options.timeoutMs ?? this.attemptTimeoutMs);
    const deadline = Date.now() + timeoutMs;
    const client = this.client();
    try {
      return await work((method, request, decode) =>
        unary({ client, method, request, decode, deadline, signal: options.signal }),
      );
    } catch (error) {
      this.throwIfEnded(options.signal);
      if (!isRetried(error)) throw new ClusterError('refused', textOf(error), { cause: error });
      // Unless another call has moved on already.
      if (used === this.current) this.moveOn();
      throw new ClusterError('unavailable', `etcd does not answer: ${textOf(error)}`, {
        cause: error,
      });
    }
  }

  /** The client of the member that answered last, for streams. */
  client(): Client {
    const member = this.members[this.current % this.members.length];
    if (member === undefined) throw new ClusterError('cancelled', 'the etcd client is closed');
    return member.client;
  }

  /** A stream failed: the next one goes to the next member. */
  moveOn(): void {
    this.current = (this.current + 1) % Math.max(1, this.members.length);
  }

  close(): void {
    this.closed = true;
    for (const { client } of this.members) client.close();
  }

  private connect(endpoint: string): Member {
    const secured = channelCredentials(endpoint, this.credentials);
    const client = new Client(endpoint, secured, {
      // TLS has no server names that are addresses; the certificate is compared with the address nevertheless.
      ...(isIP(hostOf(endpoint)) === 0 ? {} : { 'grpc.ssl_target_name_override': 'localhost' }),
      'grpc.initial_reconnect_backoff_ms': 50,
      'grpc.min_reconnect_backoff_ms': 50,
      'grpc.max_reconnect_backoff_ms': 200,
      'grpc.keepalive_time_ms': 10_000,
      'grpc.keepalive_timeout_ms': 3_000,
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      // Each channel has its own connections: closing one must not be felt by another.
      'grpc.use_local_subchannel_pool': 1,
    });
    return { endpoint, client };
  }

  private throwIfEnded(signal: AbortSignal | undefined): void {
    if (this.closed) throw new ClusterError('cancelled', 'the etcd client is closed');
    if (signal?.aborted === true) throw new ClusterError('cancelled', 'the call was cancelled');
  }
}

/** What every stream says first: a member that has lost the leader ends it, instead of keeping silent. */
export function leaderRequired(): Metadata {
  const metadata = new Metadata();
  metadata.set('hasleader', 'true');
  return metadata;
}

function hostOf(endpoint: string): string {
  return endpoint.slice(0, endpoint.lastIndexOf(':')).replace(/^\[(.*)\]$/, '$1');
}

function channelCredentials(
  endpoint: string,
  material: EtcdCredentials | undefined,
): ChannelCredentials {
  if (material === undefined) return credentials.createInsecure();
  return credentials.createSsl(
    Buffer.from(material.authorityPem),
    Buffer.from(material.keyPem),
    Buffer.from(material.certificatePem),
    { checkServerIdentity: (_, certificate) => checkServerIdentity(hostOf(endpoint), certificate) },
  );
}

function checked(endpoints: readonly string[]): readonly string[] {
  if (endpoints.length === 0) throw new ClusterError('refused', 'no etcd endpoint is given');
  return endpoints;
}

interface UnaryCall<Result> {
  readonly client: Client;
  readonly method: string;
  readonly request: Buffer;
  readonly decode: (message: Buffer) => Result;
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

function unary<Result>(what: UnaryCall<Result>): Promise<Result> {
  const { client, method, request, decode, deadline, signal } = what;
  return new Promise<Result>((resolve, reject) => {
    const onAbort = (): void => {
      call.cancel();
    };
    const call = client.makeUnaryRequest<Buffer, Result>(
      method,
      (bytes) => bytes,
      decode,
      request,
      new Metadata(),
      { deadline },
      (error, result) => {
        signal?.removeEventListener('abort', onAbort);
        if (error !== null) reject(error);
        else if (result === undefined) reject(new Error('an answer without a message'));
        else resolve(result);
      },
    );
    signal?.addEventListener('abort', onAbort, { once: true });
  });
}

function isServiceError(error: unknown): error is ServiceError {
  return error instanceof Error && 'code' in error && typeof error.code === 'number';
}

function isRetried(error: unknown): boolean {
  return !isServiceError(error) || RETRIED.has(error.code);
}

function textOf(error: unknown): string {
  if (isServiceError(error)) return error.details;
  return error instanceof Error ? error.message : String(error);
}
