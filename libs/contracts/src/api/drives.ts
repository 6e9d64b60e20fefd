/** Drives: what the store keeps its bytes on, block devices or plain files. */
import { z } from 'zod';
import { listOf } from './lists';
import {
  absolutePathSchema,
  byteCountSchema,
  conditionSchema,
  GIB,
  guidSchema,
  MIB,
  resourceBase,
  timeSchema,
  TIB,
} from './primitives';
import { named } from './schema-names';

export const driveMediumSchema = z.enum(['file', 'block']);
export const driveTierSchema = z.enum(['nvme', 'ssd', 'hdd', 'unknown']);

export const driveSchema = named(
  'Drive',
  z.object({
    ...resourceBase,
    id: guidSchema,
    createdAt: timeSchema
      .nullable()
      .describe('Null for a drive that came with data from elsewhere.'),
    nodeId: guidSchema,
    path: z.string(),
    medium: driveMediumSchema,
    tier: driveTierSchema,
    model: z.string().nullable(),
    serial: z.string().nullable(),
    sizeBytes: byteCountSchema,
    status: z.object({
      state: z.enum(['in', 'evacuating', 'out', 'failed', 'missing']),
      health: z.enum(['good', 'warning', 'bad', 'unknown']),
      usedBytes: byteCountSchema.nullable(),
      freeBytes: byteCountSchema.nullable(),
      volumes: z.int().min(0),
      temperatureCelsius: z.number().nullable(),
      wearRatio: z.number().min(0).nullable(),
      conditions: z.array(conditionSchema),
    }),
  }),
);
export type Drive = z.infer<typeof driveSchema>;

export const driveListSchema = listOf('Drive', driveSchema);

/** A device of a node that is not part of the pool. */
export const driveCandidateSchema = named(
  'DriveCandidate',
  z.object({
    nodeId: guidSchema,
    path: z.string(),
    medium: driveMediumSchema,
    tier: driveTierSchema,
    model: z.string().nullable(),
    serial: z.string().nullable(),
    sizeBytes: byteCountSchema,
    usable: z.boolean().describe('It can be added as it is.'),
    reason: z.string().nullable().describe('Why not, for example that it holds a file system.'),
  }),
);
export type DriveCandidate = z.infer<typeof driveCandidateSchema>;

export const driveCandidateListSchema = listOf('DriveCandidate', driveCandidateSchema);

export const DRIVE_FILE_BYTES_MIN = GIB;
export const DRIVE_FILE_BYTES_MAX = 16 * TIB;

export const driveAddSchema = named(
  'DriveAdd',
  z.strictObject({
    nodeId: guidSchema.optional().describe('The node that answers, if it is left out.'),
    path: absolutePathSchema,
    createBytes: z
      .int()
      .min(DRIVE_FILE_BYTES_MIN)
      .max(DRIVE_FILE_BYTES_MAX)
      .multipleOf(MIB)
      .optional()
      .describe('Make a file of this size at the path, which must not exist.'),
    force: z.boolean().default(false).describe('Overwrite what is on the device.'),
  }),
);
export type DriveAdd = z.infer<typeof driveAddSchema>;
