/** Lists: one shape of query and one shape of answer for every collection. */
import { z } from 'zod';
import { limits } from './headers';
import { revisionSchema } from './primitives';
import { named } from './schema-names';

/** Query strings carry text; these read it as the type meant and refuse everything else. */
export function queryInt(schema: z.ZodInt) {
  return z.preprocess(
    (value) => (typeof value === 'string' && /^-?\d{1,16}$/.test(value) ? Number(value) : value),
    schema,
  );
}

export const queryFlagSchema = z.preprocess(
  (value) => (value === 'true' ? true : value === 'false' ? false : value),
  z.boolean(),
);

const fieldPath = '[A-Za-z][A-Za-z0-9]*(?:\\.[A-Za-z][A-Za-z0-9]*){0,3}';

export const listQuerySchema = z.strictObject({
  q: z
    .string()
    .max(1024)
    .optional()
    .describe('Filter, for example `state:running tag:web -name:test`.'),
  sort: z
    .string()
    .max(256)
    .regex(new RegExp(`^-?${fieldPath}(?:,-?${fieldPath}){0,4}$`))
    .optional()
    .describe('Fields separated by commas; `-` before a field turns the order around.'),
  limit: queryInt(z.int().min(1).max(limits.listPageMax)).optional().describe('Default 100.'),
  cursor: z
    .string()
    .max(512)
    .regex(/^[A-Za-z0-9_-]+$/)
    .optional()
    .describe('`nextCursor` of the page before.'),
  fields: z
    .string()
    .max(512)
    .regex(new RegExp(`^${fieldPath}(?:,${fieldPath}){0,31}$`))
    .optional()
    .describe('Answer only these fields of each item (and `id`).'),
});
export type ListQuery = z.infer<typeof listQuerySchema>;

export const LIST_LIMIT_DEFAULT = 100;

/** The list of `item`, named `<Name>List` in the OpenAPI document. */
export function listOf<Item extends z.ZodType>(name: string, item: Item) {
  return named(
    `${name}List`,
    z.object({
      items: z.array(item),
      nextCursor: z.string().nullable().describe('Null on the last page.'),
      totalEstimate: z.int().min(0),
      revision: revisionSchema.describe(
        'The list is at least as new as this; events go on from it.',
      ),
    }),
  );
}

/** One page of a collection. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
  readonly totalEstimate: number;
  readonly revision: number;
}
