import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const manifestSchema = z.object({ version: z.string() });

/** The product's version, from this package's manifest. */
export const VERSION = manifestSchema.parse(
  JSON.parse(readFileSync(join(__dirname, '../../package.json'), 'utf8')),
).version;
