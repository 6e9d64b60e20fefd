/** ISOs: optical media to install from. */
import { z } from 'zod';
import { listOf } from './lists';
import { mediaCreateShape, mediaImportUrlShape, mediaShape, mediaStatusShape } from './media';
import { named } from './schema-names';

export const isoSchema = named(
  'Iso',
  z.object({ ...mediaShape, status: z.object(mediaStatusShape) }),
);
export type Iso = z.infer<typeof isoSchema>;

export const isoListSchema = listOf('Iso', isoSchema);

export const isoCreateSchema = named('IsoCreate', z.strictObject(mediaCreateShape));
export type IsoCreate = z.infer<typeof isoCreateSchema>;
export type IsoCreateInput = z.input<typeof isoCreateSchema>;

export const isoImportUrlSchema = named('IsoImportUrl', z.strictObject(mediaImportUrlShape));
export type IsoImportUrl = z.infer<typeof isoImportUrlSchema>;
export type IsoImportUrlInput = z.input<typeof isoImportUrlSchema>;
