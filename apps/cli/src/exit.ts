/** Exit codes, the same for every command, and how an error chooses one. */
import { problemKinds, type ProblemCode } from '@cairn/contracts';
import { ApiError, isAbort, TaskFailedError, UnreachableError } from '@cairn/api-client';

export const ExitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  notFound: 3,
  denied: 4,
  conflict: 5,
  timeout: 6,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

/** The command cannot be understood or lacks something; says how to do it right. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** A name that nothing has. */
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
}

/** The time given by `--timeout` is over; the task goes on. */
export class TimeoutError extends Error {
  override readonly name = 'TimeoutError';
}

export function exitCodeOf(error: unknown): ExitCode {
  if (error instanceof UsageError) return ExitCode.usage;
  if (error instanceof NotFoundError) return ExitCode.notFound;
  if (error instanceof TimeoutError) return ExitCode.timeout;
  if (error instanceof ApiError) return exitCodeOfStatus(error.status);
  if (error instanceof TaskFailedError) return exitCodeOfProblem(error.task.error?.code);
  return ExitCode.failed;
}

function exitCodeOfProblem(code: ProblemCode | undefined): ExitCode {
  return code === undefined ? ExitCode.failed : exitCodeOfStatus(problemKinds[code].status);
}

function exitCodeOfStatus(status: number): ExitCode {
  switch (status) {
    case 400:
    case 422:
      return ExitCode.usage;
    case 401:
    case 403:
      return ExitCode.denied;
    case 404:
      return ExitCode.notFound;
    case 409:
    case 412:
      return ExitCode.conflict;
    case 408:
    case 504:
      return ExitCode.timeout;
    default:
      return ExitCode.failed;
  }
}

/** What the user reads: one line, then what is wrong with each field, then what to do. */
export function errorLines(error: unknown): string[] {
  if (error instanceof ApiError) return apiErrorLines(error);
  if (error instanceof TaskFailedError)
    return [
      `${error.message} (task ${error.task.id}, ${error.task.error?.code ?? error.task.state})`,
    ];
  if (error instanceof UnreachableError) return [error.message];
  if (isAbort(error)) return ['Interrupted.'];
  return [error instanceof Error ? error.message : String(error)];
}

function apiErrorLines(error: ApiError): string[] {
  const { problem } = error;
  if (problem === null) return [error.message];
  const repeated = problem.errors.length === 1;
  const fields = problem.errors
    .filter(({ message }) => !(repeated && problem.detail.includes(message)))
    .map(({ path, message }) => `  ${path === '' ? 'the request' : path} ${message}`);
  const blockers = problem.blockers
    .filter(({ message }) => message !== problem.detail)
    .map(({ message }) => `  ${message}`);
  const remedy = problem.code === 'auth.required' ? ['Log in with: cairn login <server>'] : [];
  return [`${problem.detail} (${problem.code})`, ...fields, ...blockers, ...remedy];
}
