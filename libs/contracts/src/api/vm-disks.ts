/** Disks and optical drives of a VM. A disk shows a volume to the guest; an optical drive shows an ISO or nothing. */
import { z } from 'zod';
import { byteCountSchema, idSchema, volumeSizeSchema } from './primitives';
import { named } from './schema-names';

export const diskBusSchema = z.enum(['virtio-blk', 'virtio-scsi', 'sata', 'ide']);
export type DiskBus = z.infer<typeof diskBusSchema>;

export const VM_DISKS_MAX = 32;

const iopsLimitSchema = z.int().min(10).max(10_000_000);
const bytesPerSecondLimitSchema = z
  .int()
  .min(64 * 1024)
  .max(1_000_000_000_000);

export const vmDiskSchema = named(
  'VmDisk',
  z.object({
    id: idSchema,
    kind: z.enum(['disk', 'cdrom']),
    bus: diskBusSchema,
    slot: z.int().min(0).describe('The order in which the guest sees its disks.'),
    serial: z.string().describe('What the guest reads as serial number.'),
    sizeBytes: byteCountSchema.nullable().describe('Null for an empty optical drive.'),
    volumeId: idSchema.nullable(),
    isoId: idSchema.nullable(),
    readOnly: z.boolean(),
    iopsLimit: z.int().nullable().describe('Reads and writes a second; null is without limit.'),
    bytesPerSecondLimit: z.int().nullable(),
  }),
);
export type VmDisk = z.infer<typeof vmDiskSchema>;

/** Where the bytes of a new disk come from. */
export const diskSourceSchema = named(
  'DiskSource',
  z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('blank'), sizeBytes: volumeSizeSchema }),
    z.strictObject({
      kind: z.literal('image'),
      imageId: idSchema,
      sizeBytes: volumeSizeSchema
        .optional()
        .describe("At least the image's virtual size, which is the default."),
    }),
    z.strictObject({
      kind: z.literal('volume'),
      volumeId: idSchema.describe('An existing volume that no VM uses.'),
    }),
  ]),
);
export type DiskSource = z.infer<typeof diskSourceSchema>;

export const vmDiskCreateSchema = named(
  'VmDiskCreate',
  z.discriminatedUnion('kind', [
    z.strictObject({
      kind: z.literal('disk'),
      id: idSchema.optional(),
      bus: diskBusSchema.default('virtio-blk'),
      source: diskSourceSchema,
      readOnly: z.boolean().default(false),
      iopsLimit: iopsLimitSchema.nullable().default(null),
      bytesPerSecondLimit: bytesPerSecondLimitSchema.nullable().default(null),
    }),
    z.strictObject({
      kind: z.literal('cdrom'),
      id: idSchema.optional(),
      bus: z.enum(['sata', 'ide', 'virtio-scsi']).default('sata'),
      isoId: idSchema.nullable().default(null).describe('Null is an empty drive.'),
    }),
  ]),
);
export type VmDiskCreate = z.infer<typeof vmDiskCreateSchema>;
export type VmDiskCreateInput = z.input<typeof vmDiskCreateSchema>;

export const vmDiskPatchSchema = named(
  'VmDiskPatch',
  z.strictObject({
    bus: diskBusSchema.optional().describe('Only while the VM is stopped.'),
    readOnly: z.boolean().optional().describe('Only while the VM is stopped.'),
    iopsLimit: iopsLimitSchema.nullable().optional(),
    bytesPerSecondLimit: bytesPerSecondLimitSchema.nullable().optional(),
  }),
);
export type VmDiskPatch = z.infer<typeof vmDiskPatchSchema>;

export const vmDiskResizeSchema = named(
  'VmDiskResize',
  z.strictObject({ sizeBytes: volumeSizeSchema.describe('Larger than the present size.') }),
);
export type VmDiskResize = z.infer<typeof vmDiskResizeSchema>;

export const vmDiskRemoveQueryShape = {
  keepVolume: z
    .enum(['true', 'false'])
    .optional()
    .describe('`true` keeps the volume for other use; by default it is deleted.'),
};

export const mediaInsertSchema = named('MediaInsert', z.strictObject({ isoId: idSchema }));
export type MediaInsert = z.infer<typeof mediaInsertSchema>;
