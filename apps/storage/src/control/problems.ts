/** How the control API says no: every error becomes a StorageProblem with the status of its kind. */
import { EngineError, StorageError } from '@cairn/block-store';
import {
  storageErrorStatus,
  type StorageErrorContext,
  type StorageErrorKind,
  type StorageProblem,
} from '@cairn/contracts';
import { z } from 'zod';

export interface Answer {
  readonly status: number;
  readonly body: StorageProblem;
}

export function answerOf(error: unknown): Answer {
  if (error instanceof StorageError) return problem(error.kind, error.message, error.context);
  if (error instanceof EngineError) return problem(error.kind, error.message, {});
  if (error instanceof z.ZodError) return problem('invalid_argument', z.prettifyError(error), {});
  // A bug: the log has the whole of it.
  return problem('internal', 'the storage daemon made a mistake; its log tells more', {});
}

/** Whether the daemon, not the caller or the world, is at fault. */
export function isBug(error: unknown): boolean {
  return answerOf(error).body.error.kind === 'internal';
}

function problem(kind: StorageErrorKind, message: string, context: StorageErrorContext): Answer {
  return { status: storageErrorStatus[kind], body: { error: { kind, message, context } } };
}
