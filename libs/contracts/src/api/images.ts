/** Images: disks to make VMs from. */
import { z } from 'zod';
import { listOf } from './lists';
import { mediaCreateShape, mediaImportUrlShape, mediaShape, mediaStatusShape } from './media';
import { byteCountSchema, idSchema, mediaNameSchema } from './primitives';
import { named } from './schema-names';

export const imageFormatSchema = z.enum(['raw', 'qcow2', 'vmdk', 'vhdx']);
export type ImageFormat = z.infer<typeof imageFormatSchema>;

export const imageSchema = named(
  'Image',
  z.object({
    ...mediaShape,
    status: z.object({
      ...mediaStatusShape,
      format: imageFormatSchema.nullable().describe('What the file was found to be.'),
      virtualSizeBytes: byteCountSchema.nullable().describe('Size of the disk inside.'),
    }),
  }),
);
export type Image = z.infer<typeof imageSchema>;

export const imageListSchema = listOf('Image', imageSchema);

export const imageCreateSchema = named('ImageCreate', z.strictObject(mediaCreateShape));
export type ImageCreate = z.infer<typeof imageCreateSchema>;
export type ImageCreateInput = z.input<typeof imageCreateSchema>;

export const imageImportUrlSchema = named('ImageImportUrl', z.strictObject(mediaImportUrlShape));
export type ImageImportUrl = z.infer<typeof imageImportUrlSchema>;
export type ImageImportUrlInput = z.input<typeof imageImportUrlSchema>;

/** `tiny` is a kernel with busybox, made in seconds; `debian` a whole Debian with cloud-init, in minutes. */
export const demoFlavourSchema = z.enum(['tiny', 'debian']);
export type DemoFlavour = z.infer<typeof demoFlavourSchema>;

export const buildDemoSchema = named(
  'BuildDemo',
  z.strictObject({
    id: idSchema.optional(),
    flavour: demoFlavourSchema.default('tiny'),
    name: mediaNameSchema.optional().describe('Default `demo-tiny` or `demo-debian`.'),
  }),
);
export type BuildDemo = z.infer<typeof buildDemoSchema>;
