/** Drives as the storage daemon of one node sees them: those that carry a store, and those that could. */
import { z } from 'zod';
import {
  DRIVE_FILE_BYTES_MAX,
  DRIVE_FILE_BYTES_MIN,
  driveMediumSchema,
  driveTierSchema,
} from '../api/drives';
import { absolutePathSchema, byteCountSchema, guidSchema, MIB } from '../api/primitives';
import { storageErrorKindSchema } from './errors';

const driveDescription = {
  path: z.string(),
  medium: driveMediumSchema,
  tier: driveTierSchema,
  model: z.string().nullable(),
  serial: z.string().nullable(),
  rotational: z.boolean().nullable(),
  sizeBytes: byteCountSchema,
};

export const storageDriveSchema = z.object({
  /** The store's uuid. */
  id: guidSchema,
  /** 16 hexadecimal digits, new at each format. */
  incarnation: z.string(),
  ...driveDescription,
  /** in: serves. failed: a write or flush failed and it serves nothing. missing: it could not be opened. */
  state: z.enum(['in', 'failed', 'missing']),
  /** Why it does not serve. */
  error: z.object({ kind: storageErrorKindSchema, message: z.string() }).nullable(),
  usedBytes: byteCountSchema.nullable(),
  freeBytes: byteCountSchema.nullable(),
  volumes: z.int().min(0),
});
export type StorageDrive = z.infer<typeof storageDriveSchema>;

export const storageDriveCandidateSchema = z.object({
  ...driveDescription,
  /** It can be added without force. */
  usable: z.boolean(),
  /** Force would not help either: it is mounted or is part of something else that is in use. */
  inUse: z.boolean(),
  reason: z.string().nullable(),
});
export type StorageDriveCandidate = z.infer<typeof storageDriveCandidateSchema>;

export const storageDriveListSchema = z.object({
  items: z.array(storageDriveSchema),
  candidates: z.array(storageDriveCandidateSchema),
  /** Where drive files are made, and what the file system there has left. */
  fileDirectory: z.string(),
  fileDirectoryFreeBytes: byteCountSchema,
});
export type StorageDriveList = z.infer<typeof storageDriveListSchema>;

export const storageDriveAddSchema = z.strictObject({
  path: absolutePathSchema,
  /** Makes a plain file of this size, which must not exist. */
  createBytes: z
    .int()
    .min(DRIVE_FILE_BYTES_MIN)
    .max(DRIVE_FILE_BYTES_MAX)
    .multipleOf(MIB)
    .optional(),
  /** Overwrites what is on the drive, another store included. Never what is in use. */
  force: z.boolean().default(false),
});
export type StorageDriveAdd = z.infer<typeof storageDriveAddSchema>;
export type StorageDriveAddInput = z.input<typeof storageDriveAddSchema>;
