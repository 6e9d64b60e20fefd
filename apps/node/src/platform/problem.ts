// Refusals and failures as the API tells them. A ProblemError is thrown wherever something is
// refused; errors of the drivers are translated here, once, so that no caller sees a raw one.
import { problemKinds, type Blocker, type FieldError, type ProblemCode } from '@cairn/contracts';
import { StorageError, type StorageErrorKind } from '@cairn/block-store';
import { VmRuntimeError, type VmRuntimeErrorKind } from '@cairn/vm-runtime';
import { DatabaseUnavailableError } from './database';

export interface ProblemExtras {
  readonly errors?: readonly FieldError[];
  readonly blockers?: readonly Blocker[];
  readonly retryAfterSeconds?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly cause?: unknown;
}

/** A typed refusal or failure; `detail` is a sentence for people. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';

  constructor(
    readonly code: ProblemCode,
    readonly detail: string,
    readonly extras: ProblemExtras = {},
  ) {
    super(`${code}: ${detail}`, extras.cause === undefined ? {} : { cause: extras.cause });
  }

  get status(): number {
    return problemKinds[this.code].status;
  }
}

const RUNTIME_CODES: Readonly<Record<VmRuntimeErrorKind, ProblemCode>> = {
  'not-found': 'vm.notFound',
  'wrong-state': 'vm.wrongState',
  'already-running': 'vm.wrongState',
  'start-failed': 'vm.startFailed',
  'timed-out': 'vm.guestTimeout',
  'monitor-lost': 'vm.wrongState',
  'command-failed': 'vm.startFailed',
  unsupported: 'vm.unsupported',
  cancelled: 'task.cancelled',
};

const STORAGE_CODES: Readonly<Record<StorageErrorKind, ProblemCode>> = {
  invalid_argument: 'request.invalid',
  not_found: 'volume.notFound',
  already_exists: 'volume.exists',
  busy: 'volume.inUse',
  no_space: 'storage.full',
  io_error: 'storage.unavailable',
  checksum_mismatch: 'storage.unavailable',
  corrupt: 'storage.unavailable',
  wrong_identity: 'drive.unusable',
  stale_epoch: 'volume.inUse',
  version_gap: 'storage.unavailable',
  unsupported: 'drive.unusable',
  store_failed: 'storage.unavailable',
  cancelled: 'storage.unavailable',
  timed_out: 'storage.unavailable',
  unavailable: 'storage.unavailable',
  internal: 'storage.unavailable',
};

/** The problem that tells `error`; an error nobody foresaw becomes `internal.error`. */
export function toProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error;
  if (error instanceof DatabaseUnavailableError) {
    return new ProblemError('service.unavailable', 'The database does not answer.', {
      retryAfterSeconds: error.retryAfterSeconds,
      cause: error,
    });
  }
  if (error instanceof VmRuntimeError) {
    return new ProblemError(RUNTIME_CODES[error.kind], error.message, { cause: error });
  }
  if (error instanceof StorageError) {
    return new ProblemError(STORAGE_CODES[error.kind], error.message, { cause: error });
  }
  return new ProblemError('internal.error', 'Cairn failed; the log has the details.', {
    cause: error,
  });
}
