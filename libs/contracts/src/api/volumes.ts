/** Volumes: the stored objects behind disks, images and ISOs. */
import { z } from 'zod';
import { listOf } from './lists';
import {
  byteCountSchema,
  conditionSchema,
  descriptionSchema,
  guidSchema,
  idSchema,
  nameSchema,
  resourceBase,
  resourceRefSchema,
  tagsSchema,
  volumeSizeSchema,
} from './primitives';
import { named } from './schema-names';

export const volumeSchema = named(
  'Volume',
  z.object({
    ...resourceBase,
    name: z.string(),
    description: z.string(),
    tags: z.array(z.string()),
    sizeBytes: byteCountSchema,
    replicas: z.int().min(1),
    purpose: z.enum(['disk', 'image', 'iso', 'firmware']),
    status: z.object({
      state: z.enum(['creating', 'available', 'attached', 'deleting', 'failed']),
      health: z.enum(['healthy', 'degraded', 'rebuilding', 'offline', 'unknown']),
      usedBytes: byteCountSchema.nullable(),
      nodeId: guidSchema.nullable().describe('The node that writes it.'),
      driveId: guidSchema.nullable().describe('The drive that holds it, while it has one copy.'),
      engineId: z.string().nullable().describe("The store's own number for it."),
      usedBy: resourceRefSchema.nullable(),
      conditions: z.array(conditionSchema),
    }),
  }),
);
export type Volume = z.infer<typeof volumeSchema>;

export const volumeListSchema = listOf('Volume', volumeSchema);

export const volumeCreateSchema = named(
  'VolumeCreate',
  z.strictObject({
    id: idSchema.optional(),
    name: nameSchema,
    description: descriptionSchema.default(''),
    tags: tagsSchema.default([]),
    sizeBytes: volumeSizeSchema,
  }),
);
export type VolumeCreate = z.infer<typeof volumeCreateSchema>;
export type VolumeCreateInput = z.input<typeof volumeCreateSchema>;

export const volumePatchSchema = named(
  'VolumePatch',
  z.strictObject({
    name: nameSchema.optional(),
    description: descriptionSchema.optional(),
    tags: tagsSchema.optional(),
  }),
);
export type VolumePatch = z.infer<typeof volumePatchSchema>;

export const volumeResizeSchema = named(
  'VolumeResize',
  z.strictObject({ sizeBytes: volumeSizeSchema.describe('Larger than the present size.') }),
);
export type VolumeResize = z.infer<typeof volumeResizeSchema>;
