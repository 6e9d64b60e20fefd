// Building blocks shared by the entity schemas.
import {
  EntitySchema,
  EntitySchemaOptions,
  type EntitySchemaColumnOptions,
  type ValueTransformer,
} from 'typeorm';

type Description<Row> = Pick<
  EntitySchemaOptions<Row>,
  'name' | 'tableName' | 'columns' | 'uniques' | 'indices' | 'foreignKeys'
>;

/** An entity whose rows are plain readonly objects rather than instances of a class. */
export function entity<Row>(description: Description<Row>): EntitySchema<Row> {
  return new EntitySchema(Object.assign(new EntitySchemaOptions<Row>(), description));
}

/**
 * PostgreSQL's int8 reaches JavaScript as a string. Sizes and counters in Cairn stay below 2^53,
 * which the API schemas enforce, so rows carry plain numbers. Reading a larger value is a bug or a
 * damaged row and must not be rounded silently.
 */
export const safeInteger: ValueTransformer = {
  to: (value: unknown): unknown => value,
  from: (value: unknown): unknown => {
    if (value === null || value === undefined) return value;
    const number = Number(value);
    if (!Number.isSafeInteger(number)) {
      throw new RangeError(`an int8 value exceeds the safe integer range`);
    }
    return number;
  },
};

/** A UUIDv7 primary key, always given by the service. */
export const idColumn: EntitySchemaColumnOptions = { type: 'uuid', primary: true };

/** A byte size or byte counter. */
export const bytesColumn: EntitySchemaColumnOptions = { type: 'int8', transformer: safeInteger };

/** A byte size that may be unknown. */
export const nullableBytesColumn: EntitySchemaColumnOptions = { ...bytesColumn, nullable: true };

/** A point in time with its zone. */
export const timeColumn: EntitySchemaColumnOptions = { type: 'timestamptz' };

/** A point in time that may not have come yet. */
export const nullableTimeColumn: EntitySchemaColumnOptions = {
  type: 'timestamptz',
  nullable: true,
};

/** The cluster revision at which the row last changed; the resource's ETag. */
export const revisionColumn: EntitySchemaColumnOptions = { ...bytesColumn };
