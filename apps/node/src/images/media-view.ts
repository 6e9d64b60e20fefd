// A media row as the API shows it, as an image or as an ISO. Pure.
import {
  imageFormatSchema,
  problemCodeSchema,
  type Image,
  type Iso,
  type MediaSource,
} from '@cairn/contracts';
import type { MediaRow } from '@cairn/persistence';

export interface MediaSurroundings {
  readonly receivedBytes: number;
  readonly usedByVms: number;
}

function sourceOf(row: MediaRow): MediaSource {
  switch (row.source) {
    case 'upload':
      return { kind: 'upload' };
    case 'demo':
      return { kind: 'demo' };
    case 'url':
      return { kind: 'url', url: row.sourceUrl ?? '' };
  }
}

/** An ISO's view is an image's without what only a disk has. */
export function isoViewOf(row: MediaRow, surroundings: MediaSurroundings): Iso {
  const code = problemCodeSchema.safeParse(row.error?.code);
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
    name: row.name,
    description: row.description,
    tags: row.tags,
    source: sourceOf(row),
    fileSizeBytes: row.fileBytes,
    checksum: row.checksum,
    status: {
      state: row.state,
      upload:
        row.state === 'awaitingUpload'
          ? { receivedBytes: surroundings.receivedBytes, sizeBytes: row.fileBytes ?? 0 }
          : null,
      volumeId: row.volumeId,
      nodeId: row.nodeId,
      taskId: row.taskId,
      error:
        row.error === null
          ? null
          : { code: code.success ? code.data : 'internal.error', message: row.error.message },
      usedByVms: surroundings.usedByVms,
      conditions: [],
    },
  };
}

export function imageViewOf(row: MediaRow, surroundings: MediaSurroundings): Image {
  const view = isoViewOf(row, surroundings);
  const format = imageFormatSchema.safeParse(row.format);
  return {
    ...view,
    status: {
      ...view.status,
      format: format.success ? format.data : null,
      virtualSizeBytes: row.virtualSizeBytes,
    },
  };
}
