/** Turns any error into words that a person can act on. */
import { problemSchema, type Problem } from '@cairn/contracts';

export interface ProblemView {
  readonly title: string;
  readonly detail: string | null;
  /** Sentences about single fields and about what stands in the way. */
  readonly items: readonly string[];
  /** To quote in a support case; null when the request never reached the service. */
  readonly reference: string | null;
}

/** The problem document that an error of the API carries; null for everything else. */
export function problemIn(error: unknown): Problem | null {
  if (typeof error !== 'object' || error === null || !('problem' in error)) return null;
  const parsed = problemSchema.safeParse(error.problem);
  return parsed.success ? parsed.data : null;
}

/** Words for an error: the API's own, or that the service could not be reached. */
export function describeProblem(error: unknown): ProblemView {
  const problem = problemIn(error);
  if (problem) {
    return {
      title: problem.title,
      detail: saysMore(problem) ? problem.detail : null,
      items: [
        ...problem.errors.map((each) => fieldSentence(each.path, each.message)),
        ...problem.blockers.map((each) => each.message),
      ],
      reference: problem.requestId === '' ? null : `Request ${problem.requestId}`,
    };
  }
  return {
    title: 'The service could not be reached',
    detail: error instanceof Error ? error.message : null,
    items: [],
    reference: null,
  };
}

/** One line for a notification. */
export function problemLine(error: unknown): string {
  const view = describeProblem(error);
  return [view.title, view.detail, ...view.items].filter((part) => part !== null).join('. ');
}

/** Whether the detail is more than the title with a full stop. */
function saysMore({ title, detail }: Problem): boolean {
  const bare = detail.replace(/\.$/, '');
  return bare !== '' && bare !== title;
}

function fieldSentence(path: string, message: string): string {
  return path === '' ? message : `${path}: ${message}`;
}
