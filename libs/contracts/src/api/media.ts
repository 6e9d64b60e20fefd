/** What images and ISOs have in common: where they come from, and how their bytes arrive. */
import { z } from 'zod';
import {
  byteCountSchema,
  checksumSchema,
  conditionSchema,
  descriptionSchema,
  downloadUrlSchema,
  guidSchema,
  idSchema,
  mediaNameSchema,
  resourceBase,
  tagsSchema,
  TIB,
} from './primitives';
import { taskErrorSchema } from './tasks';
import { named } from './schema-names';

/** The largest file that is accepted; a sparse disk may be larger inside. */
export const MEDIA_FILE_BYTES_MAX = 16 * TIB;

const fileSizeSchema = z.int().min(1).max(MEDIA_FILE_BYTES_MAX);

export const mediaSourceSchema = named(
  'MediaSource',
  z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('upload') }),
    z.object({ kind: z.literal('url'), url: z.string() }),
    z.object({ kind: z.literal('demo') }),
  ]),
);
export type MediaSource = z.infer<typeof mediaSourceSchema>;

/** `awaitingUpload` until the last byte is here, `importing` while it is checked and written into its volume. */
export const mediaStateSchema = named(
  'MediaState',
  z.enum(['awaitingUpload', 'downloading', 'building', 'importing', 'ready', 'failed', 'deleting']),
);
export type MediaState = z.infer<typeof mediaStateSchema>;

/** How far an upload is. The next part starts at `receivedBytes`. */
export const uploadStateSchema = named(
  'UploadState',
  z.object({ receivedBytes: byteCountSchema, sizeBytes: byteCountSchema }),
);
export type UploadState = z.infer<typeof uploadStateSchema>;

export const mediaShape = {
  ...resourceBase,
  name: z.string(),
  description: z.string(),
  tags: z.array(z.string()),
  source: mediaSourceSchema,
  fileSizeBytes: byteCountSchema.nullable().describe('Null while a download has not said it.'),
  checksum: z.string().nullable().describe('`sha256:…` of the file, as demanded or as computed.'),
};

export const mediaStatusShape = {
  state: mediaStateSchema,
  upload: uploadStateSchema.nullable().describe('Null unless the state is `awaitingUpload`.'),
  volumeId: idSchema.nullable(),
  nodeId: guidSchema.nullable().describe('The node that takes the upload.'),
  taskId: idSchema.nullable().describe('The task that imports, downloads or builds it.'),
  error: taskErrorSchema.nullable(),
  usedByVms: z.int().min(0),
  conditions: z.array(conditionSchema),
};

const namingShape = {
  id: idSchema.optional(),
  name: mediaNameSchema,
  description: descriptionSchema.default(''),
  tags: tagsSchema.default([]),
};

/** Announces an upload; the bytes follow with `PUT …/data`. */
export const mediaCreateShape = {
  ...namingShape,
  sizeBytes: fileSizeSchema.describe('Exact size of the file that will be uploaded.'),
  checksum: checksumSchema.optional().describe('Refuse the file unless it has this checksum.'),
};

export const mediaImportUrlShape = {
  ...namingShape,
  url: downloadUrlSchema,
  checksum: checksumSchema.optional().describe('Refuse the file unless it has this checksum.'),
};

export const mediaPatchSchema = named(
  'MediaPatch',
  z.strictObject({
    name: mediaNameSchema.optional(),
    description: descriptionSchema.optional(),
    tags: tagsSchema.optional(),
  }),
);
export type MediaPatch = z.infer<typeof mediaPatchSchema>;

/** One part of an upload: bytes `start` to `end`, both included, of `total`. */
export interface ContentRange {
  readonly start: number;
  readonly end: number;
  readonly total: number;
}

/** Reads `bytes 0-8388607/20971520`; undefined if it is anything else or cannot be true. */
export function parseContentRange(value: string): ContentRange | undefined {
  const match = /^bytes (\d{1,16})-(\d{1,16})\/(\d{1,16})$/.exec(value);
  if (match === null) return undefined;
  const range = { start: Number(match[1]), end: Number(match[2]), total: Number(match[3]) };
  const possible =
    range.start <= range.end && range.end < range.total && range.total <= MEDIA_FILE_BYTES_MAX;
  return possible ? range : undefined;
}

export function formatContentRange(range: ContentRange): string {
  return `bytes ${range.start}-${range.end}/${range.total}`;
}
