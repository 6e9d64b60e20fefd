/** Volumes as the storage daemon of one node sees them. */
import { z } from 'zod';
import { byteCountSchema, guidSchema, volumeSizeSchema } from '../api/primitives';
import { storageErrorKindSchema } from './errors';

/** The engine's number of a volume: an unsigned 64-bit integer, never used twice, in decimal. */
export const engineVolumeIdSchema = z
  .string()
  .regex(/^[1-9][0-9]{0,19}$/, 'must be a volume number');

/** A name for people. Unlike `externalId` it need not be unique. */
export const storageVolumeNameSchema = z
  .string()
  .min(1)
  .max(128)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

export const storageVolumeSchema = z.object({
  id: engineVolumeIdSchema,
  name: z.string(),
  /** What its creator calls it; unique among the living volumes. */
  externalId: guidSchema.nullable(),
  sizeBytes: byteCountSchema,
  /** The drive that holds it, whether it serves or not; null if its record in etcd is damaged. */
  driveId: guidSchema.nullable(),
  usedBytes: byteCountSchema.nullable(),
  /** offline: its drive does not serve. attached and offline is possible: `attachment` says so. */
  state: z.enum(['detached', 'attached', 'offline']),
  error: z.object({ kind: storageErrorKindSchema, message: z.string() }).nullable(),
  volumeEpoch: z.int().min(0),
  attachment: z
    .object({
      socketPath: z.string(),
      exportName: z.string(),
      readOnly: z.boolean(),
      socketUid: z.int().min(0).nullable(),
      socketGid: z.int().min(0).nullable(),
    })
    .nullable(),
});
export type StorageVolume = z.infer<typeof storageVolumeSchema>;

export const storageVolumeListSchema = z.object({ items: z.array(storageVolumeSchema) });
export type StorageVolumeList = z.infer<typeof storageVolumeListSchema>;

export const storageVolumeCreateSchema = z.strictObject({
  name: storageVolumeNameSchema,
  sizeBytes: volumeSizeSchema,
  /** The drive with the most free space, if it is left out. */
  driveId: guidSchema.optional(),
  /** Makes the creation repeatable: a living volume with this id and size is given back as it is. */
  externalId: guidSchema.optional(),
});
export type StorageVolumeCreate = z.infer<typeof storageVolumeCreateSchema>;

const UID_MAX = 2 ** 32 - 2;

export const storageVolumeAttachSchema = z.strictObject({
  readOnly: z.boolean().default(false),
  /** Who may connect, besides root: the owner of the socket. The daemon's own user, if it is left out. */
  socketUid: z.int().min(0).max(UID_MAX).optional(),
  socketGid: z.int().min(0).max(UID_MAX).optional(),
});
export type StorageVolumeAttach = z.infer<typeof storageVolumeAttachSchema>;
export type StorageVolumeAttachInput = z.input<typeof storageVolumeAttachSchema>;

/** Where to connect to, with NBD. The socket stays the same until the volume is detached, over restarts of the daemon. */
export const storageAttachmentSchema = z.object({
  socketPath: z.string(),
  exportName: z.string(),
  volumeEpoch: z.int().min(1),
});
export type StorageAttachment = z.infer<typeof storageAttachmentSchema>;

export const storageVolumeResizeSchema = z.strictObject({
  /** At least the present size. */
  sizeBytes: volumeSizeSchema,
});
export type StorageVolumeResize = z.infer<typeof storageVolumeResizeSchema>;

export const storageOperationStatsSchema = z.object({
  operations: z.number().min(0),
  bytes: z.number().min(0),
  errors: z.number().min(0),
  /** Sum of the latencies, from the request's arrival to its answer. */
  seconds: z.number().min(0),
  /** Counts of latencies: entry i holds those below 2^i microseconds and not in an earlier entry, the last one the rest. */
  latencyCounts: z.array(z.number().min(0)),
});
export type StorageOperationStats = z.infer<typeof storageOperationStatsSchema>;

/** Counted since the volume was attached by this process. */
export const storageVolumeStatsSchema = z.object({
  id: engineVolumeIdSchema,
  usedBytes: byteCountSchema.nullable(),
  connections: z.int().min(0),
  requestsInFlight: z.int().min(0),
  read: storageOperationStatsSchema,
  write: storageOperationStatsSchema,
  flush: storageOperationStatsSchema,
  trim: storageOperationStatsSchema,
});
export type StorageVolumeStats = z.infer<typeof storageVolumeStatsSchema>;
