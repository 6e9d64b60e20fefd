// Conditional writes: a change is applied only to the revision that its author has seen.
import { ProblemError } from './problem';

/** Throws `request.preconditionFailed` unless the row still has the revision of `If-Match`. */
export function requireRevision(row: { readonly revision: number }, ifMatch: number | null): void {
  if (ifMatch === null || ifMatch === row.revision) return;
  throw new ProblemError(
    'request.preconditionFailed',
    `The resource is at revision ${row.revision}, not ${ifMatch}. Read it again.`,
    { headers: { ETag: `"${row.revision}"` } },
  );
}
