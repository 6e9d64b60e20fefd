/**
 * The words every resource is made of: ids, names, sizes, times.
 *
 * Names never contain a slash, a comma, a quote or a control character: they appear in file names, command lines, tables
 * and log lines, and must be harmless in each of them.
 */
import { z } from 'zod';
import { named } from './schema-names';

export const KIB = 1024;
export const MIB = 1024 * KIB;
export const GIB = 1024 * MIB;
export const TIB = 1024 * GIB;

/** Identifies a record of ours. A creator may choose it, which makes a repeated creation harmless. */
export const idSchema = z.uuidv7().toLowerCase();

/** Identifies a thing that has its identity outside the API's records: a cluster, a node, a drive. */
export const guidSchema = z.guid().toLowerCase();

/** RFC 3339 in UTC, `2026-01-31T12:00:00.000Z`. */
export const timeSchema = z.iso.datetime();

/** Grows with every change in the cluster; also the ETag of a resource, in quotes. */
export const revisionSchema = z.int().min(0);

const NAME_PATTERN = /^[A-Za-z0-9](?:[A-Za-z0-9 ._+()@-]*[A-Za-z0-9._+)@-])?$/;
const NAME_RULE =
  'must start with a letter or digit and contain only letters, digits, spaces and . _ + ( ) @ -';

/** The name of a VM, volume, node, cluster or token. */
export const nameSchema = z.string().min(1).max(63).regex(NAME_PATTERN, NAME_RULE);

/** The name of an image or ISO, which is often a file name. */
export const mediaNameSchema = z.string().min(1).max(128).regex(NAME_PATTERN, NAME_RULE);

/** Free text for people: no control characters but line feed and tab. */
export const descriptionSchema = z
  .string()
  .max(1024)
  .regex(/^[\P{Cc}\n\t]*$/u, 'must not contain control characters');

export const tagSchema = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._-]{0,62}$/,
    'must be 1 to 63 of a-z 0-9 . _ -, a letter or digit first',
  );

export const tagsSchema = z
  .array(tagSchema)
  .max(32)
  .refine((tags) => new Set(tags).size === tags.length, 'must not name a tag twice');

/** A count of bytes in a response. JSON numbers hold it exactly up to 2^53. */
export const byteCountSchema = z.int().min(0);

/** 0 is none, 1 is all. */
export const ratioSchema = z.number().min(0).max(1);

/** The smallest piece of a volume that the store knows. */
export const VOLUME_BLOCK_BYTES = 4096;
export const VOLUME_BYTES_MAX = 64 * TIB;

/** The size of a volume or disk: whole blocks, at least one MiB. */
export const volumeSizeSchema = z
  .int()
  .min(MIB)
  .max(VOLUME_BYTES_MAX)
  .multipleOf(VOLUME_BLOCK_BYTES);

/** `sha256:` and 64 lower-case hexadecimal digits. */
export const checksumSchema = z
  .string()
  .toLowerCase()
  .regex(/^sha256:[0-9a-f]{64}$/, 'must be sha256: and 64 hexadecimal digits');

/** Where an image may be fetched from. Credentials in an address would end in logs, so they are refused. */
export const downloadUrlSchema = z
  .url({ protocol: /^https?$/, hostname: /^[^\s/]+$/ })
  .max(2048)
  .refine((url) => !/^[a-z]+:\/\/[^/?#]*@/i.test(url), 'must not contain a user name or password');

/** An absolute path on a node without `.` and `..` steps, for drives. */
export const absolutePathSchema = z
  .string()
  .max(1024)
  .regex(
    /^(?:\/(?!\.{1,2}(?:\/|$))[A-Za-z0-9._:@+=,-]+)+$/,
    'must be an absolute path without . or .. steps, spaces and control characters',
  );

/** One aspect of a resource's health, in the manner operators know: true is not always good, the type says. */
export const conditionSchema = named(
  'Condition',
  z.object({
    type: z.string().describe('Stable, for example `StorageReachable`.'),
    status: z.enum(['true', 'false', 'unknown']),
    reason: z.string().describe('Stable, one word.'),
    message: z.string().describe('A sentence for people.'),
    since: timeSchema,
  }),
);
export type Condition = z.infer<typeof conditionSchema>;

/** What every stored resource carries. */
export const resourceBase = {
  id: idSchema,
  createdAt: timeSchema,
  updatedAt: timeSchema,
  revision: revisionSchema,
};

/** A pointer to a resource in a task, an event or a plan. */
export const resourceKindSchema = z.enum([
  'cluster',
  'node',
  'drive',
  'vm',
  'volume',
  'image',
  'iso',
  'task',
  'user',
  'session',
  'apiToken',
]);
export type ResourceKind = z.infer<typeof resourceKindSchema>;

export const resourceRefSchema = named(
  'ResourceRef',
  z.object({ kind: resourceKindSchema, id: z.string(), name: z.string().nullable() }),
);
export type ResourceRef = z.infer<typeof resourceRefSchema>;
