/**
 * Uploads of this page. They go on while a person walks through the console, and can be paused and
 * resumed; the service keeps what it has received. Framework-free, so that tests need no DOM.
 */
import type { Task, UploadState } from '@cairn/contracts';

import type { Gateway } from '../../api/gateway';
import type { MediaKind } from './mediaView';

/** One file on its way. */
export interface Upload {
  readonly id: string;
  readonly kind: MediaKind;
  readonly name: string;
  readonly file: Blob;
  readonly state: 'running' | 'paused' | 'failed';
  readonly receivedBytes: number;
  readonly sizeBytes: number;
  /** Null until it has been measured for a second. */
  readonly bytesPerSecond: number | null;
  readonly error: unknown;
}

export interface UploadRequest {
  readonly kind: MediaKind;
  readonly name: string;
  readonly file: Blob;
  /** `sha256:…`; the service refuses a file that has another. */
  readonly checksum?: string;
}

export interface UploadQueueOptions {
  readonly gateway: Gateway;
  readonly onTask: (task: Task) => void;
  readonly now: () => number;
}

interface Running {
  readonly stop: AbortController;
  readonly startedAtMs: number;
  readonly startedAtBytes: number;
}

/** Holds the uploads and tells its listeners of every change. */
export class UploadQueue {
  private uploads: readonly Upload[] = [];
  private readonly running = new Map<string, Running>();
  private readonly listeners = new Set<() => void>();

  constructor(private readonly options: UploadQueueOptions) {}

  readonly getUploads = (): readonly Upload[] => this.uploads;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  /** Announces a file and sends it. Rejects when the announcement is refused. */
  async start(request: UploadRequest): Promise<void> {
    const body = {
      name: request.name,
      sizeBytes: request.file.size,
      ...(request.checksum === undefined ? {} : { checksum: request.checksum }),
    };
    const { gateway } = this.options;
    const made =
      request.kind === 'image'
        ? await gateway.call('createImage', { body })
        : await gateway.call('createIso', { body });
    this.add({ ...request, id: made.id }, 0);
    this.resume(made.id);
  }

  /** Takes up an upload that another page began; `file` must be the same file. */
  adopt(target: UploadRequest & { readonly id: string; readonly receivedBytes: number }): void {
    this.add(target, target.receivedBytes);
    this.resume(target.id);
  }

  /** Stops sending; what arrived is kept. */
  pause(id: string): void {
    this.change(id, { state: 'paused', bytesPerSecond: null });
    this.running.get(id)?.stop.abort();
    this.running.delete(id);
  }

  /** Sends on from where the service says it is. */
  resume(id: string): void {
    const upload = this.find(id);
    if (!upload || this.running.has(id)) return;
    const stop = new AbortController();
    this.running.set(id, {
      stop,
      startedAtMs: this.options.now(),
      startedAtBytes: upload.receivedBytes,
    });
    this.change(id, { state: 'running', error: null });
    void this.send(upload, stop.signal);
  }

  /** Stops for good and has the service forget the file. */
  async cancel(id: string): Promise<void> {
    const upload = this.find(id);
    if (!upload) return;
    this.running.get(id)?.stop.abort();
    this.remove(id);
    const { gateway } = this.options;
    const task =
      upload.kind === 'image'
        ? await gateway.call('deleteImage', { params: { imageId: id } })
        : await gateway.call('deleteIso', { params: { isoId: id } });
    this.options.onTask(task);
  }

  private async send(upload: Upload, signal: AbortSignal): Promise<void> {
    try {
      const task = await this.options.gateway.upload({
        kind: upload.kind,
        id: upload.id,
        file: upload.file,
        startAt: upload.receivedBytes,
        signal,
        onProgress: (state) => this.progress(upload.id, state),
      });
      this.remove(upload.id);
      this.options.onTask(task);
    } catch (error) {
      if (!signal.aborted) this.change(upload.id, { state: 'failed', error, bytesPerSecond: null });
    } finally {
      if (this.running.get(upload.id)?.stop.signal === signal) this.running.delete(upload.id);
    }
  }

  private progress(id: string, state: UploadState): void {
    const running = this.running.get(id);
    if (!running || running.stop.signal.aborted) return;
    const seconds = (this.options.now() - running.startedAtMs) / 1000;
    const bytes = state.receivedBytes - running.startedAtBytes;
    this.change(id, {
      receivedBytes: state.receivedBytes,
      bytesPerSecond: seconds >= 1 && bytes > 0 ? bytes / seconds : null,
    });
  }

  private add(request: UploadRequest & { readonly id: string }, receivedBytes: number): void {
    const { id, kind, name, file } = request;
    this.uploads = [
      ...this.uploads.filter((each) => each.id !== id),
      {
        id,
        kind,
        name,
        file,
        state: 'paused',
        receivedBytes,
        sizeBytes: file.size,
        bytesPerSecond: null,
        error: null,
      },
    ];
    this.publish();
  }

  private find(id: string): Upload | undefined {
    return this.uploads.find((upload) => upload.id === id);
  }

  private change(id: string, changes: Partial<Upload>): void {
    this.uploads = this.uploads.map((each) => (each.id === id ? { ...each, ...changes } : each));
    this.publish();
  }

  private remove(id: string): void {
    this.uploads = this.uploads.filter((each) => each.id !== id);
    this.publish();
  }

  private publish(): void {
    for (const listener of this.listeners) listener();
  }
}
