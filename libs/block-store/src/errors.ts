/** How the engine and the storage daemon fail: a stable kind to branch on, a message for people. */
import {
  storageErrorKindSchema,
  type StorageErrorContext,
  type StorageErrorKind,
} from '@cairn/contracts';

export type { StorageErrorKind } from '@cairn/contracts';

/** A refusal or failure of the native engine. */
export class EngineError extends Error {
  override readonly name = 'EngineError';

  constructor(
    readonly kind: StorageErrorKind,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A refusal or failure of cairn-storage. No connection and no answer are the kinds `unavailable` and `timed_out`. */
export class StorageError extends Error {
  override readonly name = 'StorageError';

  constructor(
    readonly kind: StorageErrorKind,
    message: string,
    readonly context: StorageErrorContext = {},
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** The kind that an error thrown by the addon carries. */
export function kindOf(error: unknown): StorageErrorKind {
  const kind = error instanceof Error && 'kind' in error ? error.kind : undefined;
  const parsed = storageErrorKindSchema.safeParse(kind);
  return parsed.success ? parsed.data : 'internal';
}
