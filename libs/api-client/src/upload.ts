/**
 * Uploading an image or ISO in parts, from a browser's `File` or a program's file.
 *
 * The server knows how far it is: after any failure the upload asks and goes on there, also in another process and days
 * later. Parts are sent one after the other, because the server's disk is the bottleneck, not the line.
 */
import { formatContentRange, headers as headerNames, type Task } from '@cairn/contracts';
import { unwrap, type CairnClient } from './client';
import { ApiError } from './errors';
import { isTask } from './outcome';
import { mayPass } from './tasks';
import { backoffMs, sleep as realSleep, type Sleep } from './wait';

export interface UploadSource {
  readonly sizeBytes: number;
  /** The bytes from `start` up to, but without, `end`. */
  readonly read: (start: number, end: number) => Promise<Blob | Uint8Array<ArrayBuffer>>;
}

export interface UploadProgress {
  readonly sentBytes: number;
  readonly sizeBytes: number;
}

export interface UploadOptions {
  readonly kind: 'images' | 'isos';
  readonly id: string;
  readonly source: UploadSource;
  readonly partBytes?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: UploadProgress) => void;
  /** So many failures in a row are forgiven. Default 12, about a minute. */
  readonly failuresMax?: number;
  readonly sleep?: Sleep;
}

const PART_BYTES_DEFAULT = 8 * 1024 * 1024;

/** A browser's file as a source. */
export function blobSource(blob: Blob): UploadSource {
  return { sizeBytes: blob.size, read: async (start, end) => blob.slice(start, end) };
}

/** Sends what the server does not have yet; resolves with the task that imports the file. */
export async function uploadMedia(client: CairnClient, options: UploadOptions): Promise<Task> {
  const sleep = options.sleep ?? realSleep;
  const failuresMax = options.failuresMax ?? 12;
  let failures = 0;
  let offset = 0;
  let known = false;
  for (;;) {
    options.signal?.throwIfAborted();
    try {
      if (!known) {
        const state = await stateOf(client, options);
        if (state.kind === 'complete') return state.task;
        offset = state.receivedBytes;
        known = true;
      }
      options.onProgress?.({ sentBytes: offset, sizeBytes: options.source.sizeBytes });
      const answer = await sendPart(client, options, offset);
      failures = 0;
      if (isTask(answer.body)) {
        options.onProgress?.({ sentBytes: answer.end, sizeBytes: options.source.sizeBytes });
        return answer.body;
      }
      offset = answer.end;
    } catch (error) {
      failures += 1;
      if (!mayGoOn(error) || failures > failuresMax) throw error;
      known = false;
      await sleep(backoffMs(failures), options.signal);
    }
  }
}

type UploadPosition =
  | { readonly kind: 'awaiting'; readonly receivedBytes: number }
  | { readonly kind: 'complete'; readonly task: Task };

async function stateOf(client: CairnClient, options: UploadOptions): Promise<UploadPosition> {
  const { status } = await fetchMedia(client, options);
  if (status.upload !== null) {
    if (status.upload.sizeBytes !== options.source.sizeBytes)
      throw new Error(
        `The file has ${options.source.sizeBytes} bytes, but ${status.upload.sizeBytes} were announced.`,
      );
    return { kind: 'awaiting', receivedBytes: status.upload.receivedBytes };
  }
  if (status.taskId === null) throw new Error('The server does not wait for an upload.');
  const task = unwrap(
    await client.GET('/api/v1/tasks/{taskId}', { params: { path: { taskId: status.taskId } } }),
  );
  return { kind: 'complete', task };
}

async function fetchMedia(client: CairnClient, { kind, id }: UploadOptions) {
  return kind === 'images'
    ? unwrap(await client.GET('/api/v1/images/{imageId}', { params: { path: { imageId: id } } }))
    : unwrap(await client.GET('/api/v1/isos/{isoId}', { params: { path: { isoId: id } } }));
}

async function sendPart(client: CairnClient, options: UploadOptions, offset: number) {
  const total = options.source.sizeBytes;
  const end = Math.min(total, offset + (options.partBytes ?? PART_BYTES_DEFAULT));
  const response = await client.raw(`/api/v1/${options.kind}/${options.id}/data`, {
    method: 'PUT',
    headers: {
      'Content-Type': 'application/octet-stream',
      [headerNames.contentRange]: formatContentRange({ start: offset, end: end - 1, total }),
    },
    body: await options.source.read(offset, end),
    timeoutMs: null,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  });
  const body: unknown = await response.json();
  return { end, body };
}

function mayGoOn(error: unknown): boolean {
  return mayPass(error) || (error instanceof ApiError && error.code === 'upload.offsetMismatch');
}
