/**
 * The names of the schemas that the OpenAPI document shows under `components/schemas`.
 *
 * A schema without a name is written in place wherever it is used; a named one becomes a reference, and the generated
 * client gets a type of that name. Names are unique.
 */
import { z } from 'zod';

export const schemaNames = z.registry<{ id: string; description?: string }>();

/** Registers `schema` under `id` and returns the same schema. */
export function named<Schema extends z.ZodType>(id: string, schema: Schema): Schema {
  schemaNames.add(schema, { id });
  return schema;
}
