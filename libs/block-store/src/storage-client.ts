/** StorageClient: the control API of cairn-storage over its unix socket. */
import { request, type IncomingMessage, type RequestOptions } from 'node:http';
import {
  storageAttachmentSchema,
  storageDriveListSchema,
  storageDriveSchema,
  storageProblemSchema,
  storageStatusSchema,
  storageVolumeListSchema,
  storageVolumeSchema,
  storageVolumeStatsSchema,
  type StorageAttachment,
  type StorageDrive,
  type StorageDriveAddInput,
  type StorageDriveList,
  type StorageStatus,
  type StorageVolume,
  type StorageVolumeAttachInput,
  type StorageVolumeCreate,
  type StorageVolumeStats,
} from '@cairn/contracts';
import type { z } from 'zod';
import { StorageError } from './errors';
import type { Storage, StorageCallOptions } from './storage';

/** Most answers come in milliseconds; formatting a drive and draining a volume take longer. */
const TIMEOUT_MS = 10_000;
const SLOW_TIMEOUT_MS = 120_000;
/** The longest answer: 10,000 volumes take a few megabytes. */
const ANSWER_BYTES_MAX = 64 << 20;

export interface StorageClientOptions {
  readonly socketPath: string;
}

interface Call {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: unknown;
  readonly timeoutMs?: number;
}

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

export class StorageClient implements Storage {
  constructor(private readonly options: StorageClientOptions) {}

  status(options?: StorageCallOptions): Promise<StorageStatus> {
    return this.fetch({ method: 'GET', path: '/v1/status' }, storageStatusSchema, options);
  }

  drives(options?: StorageCallOptions): Promise<StorageDriveList> {
    return this.fetch({ method: 'GET', path: '/v1/drives' }, storageDriveListSchema, options);
  }

  addDrive(body: StorageDriveAddInput, options?: StorageCallOptions): Promise<StorageDrive> {
    const call: Call = { method: 'POST', path: '/v1/drives', body, timeoutMs: SLOW_TIMEOUT_MS };
    return this.fetch(call, storageDriveSchema, options);
  }

  async removeDrive(driveId: string, options?: StorageCallOptions): Promise<void> {
    const path = `/v1/drives/${encodeURIComponent(driveId)}`;
    await this.send({ method: 'DELETE', path, timeoutMs: SLOW_TIMEOUT_MS }, options);
  }

  async volumes(options?: StorageCallOptions): Promise<readonly StorageVolume[]> {
    const call: Call = { method: 'GET', path: '/v1/volumes' };
    return (await this.fetch(call, storageVolumeListSchema, options)).items;
  }

  createVolume(body: StorageVolumeCreate, options?: StorageCallOptions): Promise<StorageVolume> {
    return this.fetch({ method: 'POST', path: '/v1/volumes', body }, storageVolumeSchema, options);
  }

  volume(volumeId: string, options?: StorageCallOptions): Promise<StorageVolume> {
    return this.fetch({ method: 'GET', path: at(volumeId) }, storageVolumeSchema, options);
  }

  async deleteVolume(volumeId: string, options?: StorageCallOptions): Promise<void> {
    await this.send({ method: 'DELETE', path: at(volumeId), timeoutMs: SLOW_TIMEOUT_MS }, options);
  }

  attachVolume(
    volumeId: string,
    body: StorageVolumeAttachInput,
    options?: StorageCallOptions,
  ): Promise<StorageAttachment> {
    const call: Call = { method: 'POST', path: at(volumeId, '/attach'), body };
    return this.fetch(call, storageAttachmentSchema, options);
  }

  async detachVolume(volumeId: string, options?: StorageCallOptions): Promise<void> {
    const path = at(volumeId, '/detach');
    await this.send({ method: 'POST', path, timeoutMs: SLOW_TIMEOUT_MS }, options);
  }

  resizeVolume(
    volumeId: string,
    sizeBytes: number,
    options?: StorageCallOptions,
  ): Promise<StorageVolume> {
    const call: Call = { method: 'POST', path: at(volumeId, '/resize'), body: { sizeBytes } };
    return this.fetch(call, storageVolumeSchema, options);
  }

  volumeStats(volumeId: string, options?: StorageCallOptions): Promise<StorageVolumeStats> {
    const call: Call = { method: 'GET', path: at(volumeId, '/stats') };
    return this.fetch(call, storageVolumeStatsSchema, options);
  }

  metricsText(options?: StorageCallOptions): Promise<string> {
    return this.send({ method: 'GET', path: '/metrics' }, options);
  }

  private async fetch<S extends z.ZodType>(
    call: Call,
    schema: S,
    options?: StorageCallOptions,
  ): Promise<z.output<S>> {
    const text = await this.send(call, options);
    const parsed = schema.safeParse(parseJson(text));
    if (parsed.success) return parsed.data;
    throw new StorageError(
      'internal',
      `${describe(call)}: the answer is not what was agreed`,
      {},
      {
        cause: parsed.error,
      },
    );
  }

  private async send(call: Call, options: StorageCallOptions = {}): Promise<string> {
    const timeoutMs = options.timeoutMs ?? call.timeoutMs ?? TIMEOUT_MS;
    const deadline = AbortSignal.timeout(timeoutMs);
    const signal = options.signal ? AbortSignal.any([options.signal, deadline]) : deadline;
    let answer: HttpAnswer;
    try {
      answer = await exchange(this.options.socketPath, call, signal);
    } catch (error) {
      if (options.signal?.aborted) {
        throw new StorageError('cancelled', `${describe(call)}: given up`, {}, { cause: error });
      }
      if (deadline.aborted) {
        const message = `${describe(call)}: no answer in ${timeoutMs} ms`;
        throw new StorageError('timed_out', message, {}, { cause: error });
      }
      const message = `${describe(call)}: the storage daemon cannot be reached`;
      throw new StorageError('unavailable', message, {}, { cause: error });
    }
    if (answer.status >= 200 && answer.status < 300) return answer.text;
    throw problemOf(call, answer);
  }
}

const at = (volumeId: string, action = '') =>
  `/v1/volumes/${encodeURIComponent(volumeId)}${action}`;

const describe = (call: Call) => `${call.method} ${call.path}`;

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function problemOf(call: Call, answer: HttpAnswer): StorageError {
  const problem = storageProblemSchema.safeParse(parseJson(answer.text));
  if (!problem.success) {
    const message = `${describe(call)}: status ${answer.status} without a reason`;
    return new StorageError('internal', message);
  }
  const { kind, message, context } = problem.data.error;
  return new StorageError(kind, message, context);
}

/** One request and its whole answer. */
function exchange(socketPath: string, call: Call, signal: AbortSignal): Promise<HttpAnswer> {
  const body = call.body === undefined ? undefined : JSON.stringify(call.body);
  const options: RequestOptions = {
    socketPath,
    method: call.method,
    path: call.path,
    signal,
    // The daemon may restart at any time; a connection that was kept would fail one request then.
    agent: false,
    headers: {
      accept: 'application/json',
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
    },
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(options, (incoming) => {
      collect(incoming).then(resolve, reject);
    });
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

async function collect(incoming: IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of incoming) {
    const bytes = Buffer.from(chunk as Uint8Array);
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new Error('the answer is too long');
    chunks.push(bytes);
  }
  return { status: incoming.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') };
}
