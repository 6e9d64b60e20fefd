/** What may go wrong in a call: the server refused or failed, or it could not be reached. */
import { problemSchema, type Problem, type ProblemCode, type Task } from '@cairn/contracts';

/** The server answered with an error. Branch on `code`; `problem` has the details. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  /** Null if something between us and Cairn answered, such as a proxy. */
  readonly code: ProblemCode | null;
  readonly problem: Problem | null;

  constructor(status: number, problem: Problem | null) {
    super(problem?.detail ?? `The server answered with status ${status}.`);
    this.status = status;
    this.code = problem?.code ?? null;
    this.problem = problem;
  }
}

/** No answer: the server is away, the address is wrong, or the deadline passed. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';

  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options);
  }
}

/** A task ended otherwise than asked for. */
export class TaskFailedError extends Error {
  override readonly name = 'TaskFailedError';
  readonly task: Task;

  constructor(task: Task) {
    super(task.error?.message ?? `The task ${task.id} was ${task.state}.`);
    this.task = task;
  }
}

/** Reads the body of an error answer; anything that is not a problem document becomes an error without a code. */
export function apiErrorOf(status: number, body: unknown): ApiError {
  const problem = problemSchema.safeParse(body);
  return new ApiError(status, problem.success ? problem.data : null);
}

/** True for an abort that the caller asked for, which is not an error to report. */
export function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
