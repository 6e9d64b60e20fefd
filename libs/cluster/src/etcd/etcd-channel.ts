/**
 * EtcdChannel: calls to whichever etcd member answers.
 *
 * One call = attempts of `attemptTimeoutMs` each, on the next member after every failure, until `timeoutMs` have passed. The
 * short attempts matter: a request that a member forwarded to a dying leader is answered only after seven seconds.
 */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';
import { ClusterError, type CallOptions } from '../key-value-store';

export interface EtcdOptions {
  /** host:port of every member. */
  readonly endpoints: readonly string[];
  readonly attemptTimeoutMs?: number;
  readonly timeoutMs?: number;
}

export const ATTEMPT_TIMEOUT_MS = 300;
export const TIMEOUT_MS = 3000;
const PAUSE_MS_MIN = 20;
const PAUSE_MS_MAX = 200;
const MESSAGE_BYTES_MAX = 8 * 1024 * 1024;

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

export class EtcdChannel {
  private readonly clients: Client[];
  private readonly attemptTimeoutMs: number;
  private readonly timeoutMs: number;
  private current = 0;
  private closed = false;

  constructor(options: EtcdOptions) {
    if (options.endpoints.length === 0)
      throw new ClusterError('refused', 'no etcd endpoint is given');
    this.attemptTimeoutMs = options.attemptTimeoutMs ?? ATTEMPT_TIMEOUT_MS;
    this.timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    this.clients = options.endpoints.map(
      (endpoint) =>
        new Client(endpoint, credentials.createInsecure(), {
          'grpc.initial_reconnect_backoff_ms': 50,
          'grpc.min_reconnect_backoff_ms': 50,
          'grpc.max_reconnect_backoff_ms': 200,
          'grpc.keepalive_time_ms': 10_000,
          'grpc.keepalive_timeout_ms': 3_000,
          'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
          'grpc.enable_retries': 0,
          'grpc.service_config_disable_resolution': 1,
        }),
    );
  }

  /** A unary call that may be repeated. */
  async call<Result>(
    method: string,
    request: Buffer,
    decode: (message: Buffer) => Result,
    options: CallOptions = {},
  ): Promise<Attempt<Result>> {
    const deadline = performance.now() + (options.timeoutMs ?? this.timeoutMs);
    let pauseMs = PAUSE_MS_MIN;
    for (let attempt = 0; ; attempt += 1) {
      this.throwIfEnded(options.signal);
      try {
        const timeoutMs = Math.max(
          1,
          Math.min(this.attemptTimeoutMs, deadline - performance.now()),
        );
        const result = await this.attempt(method, request, decode, timeoutMs, options.signal);
        return { result, repeated: attempt > 0 };
      } catch (error) {
        this.throwIfEnded(options.signal);
        if (!isRetried(error)) throw new ClusterError('refused', textOf(error), { cause: error });
        this.current = (this.current + 1) % this.clients.length;
        if (performance.now() + pauseMs >= deadline) {
          throw new ClusterError('unavailable', `etcd does not answer: ${textOf(error)}`, {
            cause: error,
          });
        }
      }
      await delay(pauseMs);
      pauseMs = Math.min(pauseMs * 2, PAUSE_MS_MAX);
    }
  }

  /** The client of the member that answered last, for streams. */
  client(): Client {
    const client = this.clients[this.current % this.clients.length];
    if (client === undefined) throw new ClusterError('cancelled', 'the etcd client is closed');
    return client;
  }

  /** A stream failed: the next one goes to the next member. */
  moveOn(): void {
    this.current = (this.current + 1) % Math.max(1, this.clients.length);
  }

  close(): void {
    this.closed = true;
    for (const client of this.clients) client.close();
  }

  private throwIfEnded(signal: AbortSignal | undefined): void {
    if (this.closed) throw new ClusterError('cancelled', 'the etcd client is closed');
    if (signal?.aborted === true) throw new ClusterError('cancelled', 'the call was cancelled');
  }

  private attempt<Result>(
    method: string,
    request: Buffer,
    decode: (message: Buffer) => Result,
    timeoutMs: number,
    signal: AbortSignal | undefined,
  ): Promise<Result> {
    return new Promise<Result>((resolve, reject) => {
      const onAbort = (): void => {
        call.cancel();
      };
      const call = this.client().makeUnaryRequest<Buffer, Result>(
        method,
        (bytes) => bytes,
        decode,
        request,
        new Metadata(),
        { deadline: Date.now() + timeoutMs },
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
