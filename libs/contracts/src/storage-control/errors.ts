/** How the storage daemon says no: the engine's error kinds and three of the daemon's own. */
import { z } from 'zod';

/** The kinds of the native engine (native/base/status.h), then `unavailable` (etcd does not answer) and `internal`. */
export const storageErrorKinds = [
  'invalid_argument',
  'not_found',
  'already_exists',
  'busy',
  'no_space',
  'io_error',
  'checksum_mismatch',
  'corrupt',
  'wrong_identity',
  'stale_epoch',
  'version_gap',
  'unsupported',
  'store_failed',
  'cancelled',
  'timed_out',
  'unavailable',
  'internal',
] as const;

export const storageErrorKindSchema = z.enum(storageErrorKinds);
export type StorageErrorKind = z.infer<typeof storageErrorKindSchema>;

/** The HTTP status that carries each kind. */
export const storageErrorStatus: Readonly<Record<StorageErrorKind, number>> = {
  invalid_argument: 400,
  not_found: 404,
  already_exists: 409,
  busy: 409,
  no_space: 507,
  io_error: 500,
  checksum_mismatch: 500,
  corrupt: 500,
  wrong_identity: 409,
  stale_epoch: 409,
  version_gap: 500,
  unsupported: 422,
  store_failed: 503,
  cancelled: 503,
  timed_out: 504,
  unavailable: 503,
  internal: 500,
};

/** What a failure is about: ids, paths, sizes. Values are for people and logs. */
export const storageErrorContextSchema = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.null()]),
);
export type StorageErrorContext = z.infer<typeof storageErrorContextSchema>;

export const storageProblemSchema = z.object({
  error: z.object({
    kind: storageErrorKindSchema,
    message: z.string(),
    context: storageErrorContextSchema,
  }),
});
export type StorageProblem = z.infer<typeof storageProblemSchema>;
