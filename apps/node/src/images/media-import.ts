// What happens to a complete staged file: it is checked, and its content becomes a volume. Shared
// by uploads, downloads and the demo builder. Nothing of it remains when a step fails: the undo
// deletes the volume and the staged file and tells the medium why.
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../platform/database';
import { newId } from '../platform/ids';
import { ProblemError } from '../platform/problem';
import type { TaskContext, TaskStep } from '../tasks/task-definition';
import { VolumeAttachments } from '../volumes/volume-attachments';
import { VolumeStore } from '../volumes/volume-store';
import { probeMedia, type MediaFormat } from './media-format';
import { MediaStore, type MediaKind } from './media-store';
import { copyFileToVolume, inspectImage } from './qemu-img';
import { sandboxUid } from './sandboxed-process';
import { Staging } from './staging';

const VOLUME_BLOCK_BYTES = 4096;
const VOLUME_BYTES_MIN = 1024 * 1024;

export const importParamsSchema = z.object({
  mediaId: z.string(),
  kind: z.enum(['image', 'iso']),
  url: z.string().nullable().default(null),
  flavour: z.enum(['tiny', 'debian']).nullable().default(null),
});
export type ImportParams = z.infer<typeof importParamsSchema>;

export const importCheckpointSchema = z
  .object({
    format: z.enum(['raw', 'qcow2', 'vmdk', 'vhdx', 'iso']),
    virtualSizeBytes: z.number(),
    volumeId: z.string(),
  })
  .partial();
export type ImportCheckpoint = z.infer<typeof importCheckpointSchema>;

type Context = TaskContext<ImportParams, ImportCheckpoint>;
export type ImportStep = TaskStep<ImportParams, ImportCheckpoint>;

@Injectable()
export class MediaImport {
  /** The first step of every import: its undo closes the account with the medium. */
  readonly begin: ImportStep = {
    name: 'Begin',
    weight: 0,
    run: async () => Promise.resolve(),
    undo: async ({ params }, cause) => {
      await this.staging.remove(params.mediaId);
      const error = { code: cause.code, message: cause.detail };
      await this.media.patch(params.mediaId, { state: 'failed', error, volumeId: null });
    },
  };

  readonly verify: ImportStep = {
    name: 'Verify the checksum',
    weight: 2,
    run: async (context) => {
      const { mediaId, kind } = context.params;
      const row = await this.media.require(kind, mediaId);
      const bytesTotal = await this.staging.receivedBytes(mediaId);
      const checksum = await this.staging.checksum(mediaId, {
        signal: context.signal,
        onProgress: (bytesDone) => context.progress({ bytesDone, bytesTotal }),
      });
      if (row.checksum !== null && row.checksum !== checksum) {
        const detail = `The file has ${checksum}, not ${row.checksum}.`;
        throw new ProblemError('media.checksumMismatch', detail);
      }
      await this.media.patch(mediaId, { checksum, fileBytes: bytesTotal, state: 'importing' });
    },
  };

  readonly inspect: ImportStep = {
    name: 'Check the format',
    weight: 1,
    run: async (context) => {
      const { mediaId, kind } = context.params;
      const format = await this.staging.inspect(mediaId, probeMedia);
      requireKind(kind, format);
      await this.staging.seal(mediaId);
      const path = this.staging.pathOf(mediaId);
      const { virtualSizeBytes } = await inspectImage(path, format, context.signal);
      await context.save({ format, virtualSizeBytes });
      await this.media.patch(mediaId, { format, virtualSizeBytes });
    },
  };

  readonly createVolume: ImportStep = {
    name: 'Create the volume',
    weight: 1,
    run: async (context) => {
      const { mediaId, kind } = context.params;
      const volumeId = context.checkpoint.volumeId ?? newId();
      await context.save({ volumeId });
      const sizeBytes = volumeBytesFor(context.checkpoint.virtualSizeBytes ?? 0);
      const row = await this.media.require(kind, mediaId);
      await this.database.transaction(async (manager) => {
        await this.volumes.reserve(manager, {
          id: volumeId,
          name: `${kind} ${row.name} ${mediaId.slice(-6)}`,
          sizeBytes,
          purpose: kind,
        });
      });
      await this.volumes.realise(volumeId);
    },
    undo: async (context) => {
      const { volumeId } = context.checkpoint;
      if (volumeId !== undefined) await this.volumes.destroy(volumeId);
    },
  };

  readonly copy: ImportStep = {
    name: 'Write the volume',
    weight: 10,
    run: async (context) => this.#copy(context),
    undo: async (context) => {
      const { volumeId } = context.checkpoint;
      if (volumeId !== undefined) await this.attachments.release(volumeId, context.taskId);
    },
  };

  readonly finish: ImportStep = {
    name: 'Finish',
    weight: 0,
    run: async (context) => {
      const { mediaId } = context.params;
      const volumeId = context.checkpoint.volumeId ?? null;
      await this.media.patch(mediaId, { state: 'ready', volumeId, error: null });
      await this.staging.remove(mediaId);
    },
  };

  constructor(
    private readonly database: Database,
    private readonly media: MediaStore,
    private readonly staging: Staging,
    private readonly volumes: VolumeStore,
    private readonly attachments: VolumeAttachments,
  ) {}

  async #copy(context: Context): Promise<void> {
    const { volumeId, format, virtualSizeBytes = 0 } = context.checkpoint;
    if (volumeId === undefined || format === undefined) throw new Error('no volume to write');
    const target = await this.attachments.attach(volumeId, context.taskId, {
      readOnly: false,
      uid: sandboxUid(),
    });
    const source = { path: this.staging.pathOf(context.params.mediaId), format };
    await copyFileToVolume(source, target, {
      signal: context.signal,
      onProgress: (fraction) =>
        context.progress({
          bytesDone: Math.round(fraction * virtualSizeBytes),
          bytesTotal: virtualSizeBytes,
        }),
    });
    await this.attachments.release(volumeId, context.taskId);
  }
}

/** Volumes are whole blocks, at least one MiB. */
export function volumeBytesFor(virtualSizeBytes: number): number {
  const whole = Math.ceil(virtualSizeBytes / VOLUME_BLOCK_BYTES) * VOLUME_BLOCK_BYTES;
  return Math.max(VOLUME_BYTES_MIN, whole);
}

function requireKind(kind: MediaKind, format: MediaFormat): void {
  if (kind === 'iso' && format !== 'iso') {
    throw new ProblemError('media.unsupportedFormat', `The file is no ISO but a ${format} disk.`);
  }
  if (kind === 'image' && format === 'iso') {
    throw new ProblemError('media.unsupportedFormat', 'The file is an ISO; add it under ISOs.');
  }
}
