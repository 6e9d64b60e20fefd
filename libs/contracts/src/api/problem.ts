/**
 * Errors of the API: RFC 9457 problem documents with a stable `code`.
 *
 * Clients branch on `code`, people read `detail`. A code is never renamed and never changes its HTTP status.
 */
import { z } from 'zod';
import { resourceRefSchema } from './primitives';
import { named } from './schema-names';

interface ProblemKind {
  readonly status: number;
  readonly title: string;
}

/** Every code the API may answer with, its HTTP status and its title. */
export const problemKinds = {
  'request.malformed': { status: 400, title: 'The request is not readable' },
  'request.invalid': { status: 400, title: 'The request breaks a rule' },
  'request.notFound': { status: 404, title: 'There is no such path' },
  'request.methodNotAllowed': { status: 405, title: 'The path does not know this method' },
  'request.preconditionFailed': {
    status: 412,
    title: 'The resource has changed since it was read',
  },
  'request.tooLarge': { status: 413, title: 'The request is too large' },
  'request.unsupportedMediaType': { status: 415, title: 'The content type is not accepted' },
  'request.idempotencyMismatch': {
    status: 422,
    title: 'The idempotency key was used with another request',
  },
  'rate.limited': { status: 429, title: 'Too many requests' },
  'auth.required': { status: 401, title: 'Log in first' },
  'auth.invalidCredentials': { status: 401, title: 'User name or password is wrong' },
  'auth.passwordChangeRequired': { status: 403, title: 'Change your password first' },
  'auth.csrf': { status: 403, title: 'The CSRF token is missing or wrong' },
  'auth.ticketInvalid': { status: 403, title: 'The ticket is unknown, used or expired' },
  'auth.forbidden': { status: 403, title: 'Your role does not allow this' },
  'internal.error': { status: 500, title: 'Cairn failed' },
  'service.unavailable': { status: 503, title: 'The service is starting or stopping' },
  'cluster.noQuorum': { status: 503, title: 'The cluster has no quorum' },
  'storage.unavailable': { status: 503, title: 'The storage service does not answer' },
  'storage.full': { status: 507, title: 'The pool has no room for this' },
  'storage.noDrive': { status: 409, title: 'The pool has no usable drive' },
  'placement.noFit': { status: 409, title: 'No node can run this VM' },
  'node.notFound': { status: 404, title: 'There is no such node' },
  'drive.notFound': { status: 404, title: 'There is no such drive' },
  'drive.inUse': { status: 409, title: 'The drive is in use' },
  'drive.alreadyAdded': { status: 409, title: 'The drive is in the pool already' },
  'drive.unusable': { status: 422, title: 'The path cannot become a drive' },
  'vm.notFound': { status: 404, title: 'There is no such VM' },
  'vm.exists': { status: 409, title: 'A VM with this id exists' },
  'vm.nameTaken': { status: 409, title: 'Another VM has this name' },
  'vm.wrongState': { status: 409, title: 'The VM is not in a state for this' },
  'vm.busy': { status: 409, title: 'Another task works on the VM' },
  'vm.deletionProtected': { status: 409, title: 'The VM is protected from deletion' },
  'vm.startFailed': { status: 500, title: 'The VM could not be started' },
  'vm.guestTimeout': { status: 504, title: 'The guest did not answer in time' },
  'vm.unsupported': { status: 422, title: 'The node cannot provide this virtual hardware' },
  'disk.notFound': { status: 404, title: 'The VM has no such disk' },
  'disk.wrongKind': { status: 409, title: 'The disk is not of the kind for this' },
  'nic.notFound': { status: 404, title: 'The VM has no such network card' },
  'volume.notFound': { status: 404, title: 'There is no such volume' },
  'volume.exists': { status: 409, title: 'A volume with this id exists' },
  'volume.inUse': { status: 409, title: 'The volume is in use' },
  'volume.cannotShrink': { status: 422, title: 'A volume cannot become smaller' },
  'image.notFound': { status: 404, title: 'There is no such image' },
  'image.exists': { status: 409, title: 'An image with this id exists' },
  'image.wrongState': { status: 409, title: 'The image is not in a state for this' },
  'image.inUse': { status: 409, title: 'The image is in use' },
  'iso.notFound': { status: 404, title: 'There is no such ISO' },
  'iso.exists': { status: 409, title: 'An ISO with this id exists' },
  'iso.wrongState': { status: 409, title: 'The ISO is not in a state for this' },
  'iso.inUse': { status: 409, title: 'The ISO is in use' },
  'media.unsupportedFormat': { status: 422, title: 'The file is not an image Cairn can read' },
  'media.externalReference': { status: 422, title: 'The image refers to other files' },
  'media.corrupt': { status: 422, title: 'The image is damaged or truncated' },
  'media.checksumMismatch': { status: 422, title: 'The file does not have the expected checksum' },
  'media.downloadFailed': { status: 502, title: 'The file could not be downloaded' },
  'media.urlRefused': { status: 422, title: 'The address may not be downloaded from' },
  'upload.offsetMismatch': { status: 409, title: 'The part does not continue the upload' },
  'upload.rangeInvalid': { status: 400, title: 'The content range is missing or wrong' },
  'task.notFound': { status: 404, title: 'There is no such task' },
  'task.notCancellable': { status: 409, title: 'The task can no longer be cancelled' },
  'task.cancelled': { status: 409, title: 'The task was cancelled' },
  'task.ownerLost': { status: 500, title: 'The node that ran the task was lost' },
  'task.timedOut': { status: 504, title: 'The task took too long' },
  'user.notFound': { status: 404, title: 'There is no such user' },
  'user.exists': { status: 409, title: 'A user with this id exists' },
  'user.nameTaken': { status: 409, title: 'Another user has this name' },
  'user.lastAdministrator': { status: 409, title: 'The last administrator must stay' },
  'user.passwordReused': { status: 422, title: 'The password must differ from the old one' },
  'session.notFound': { status: 404, title: 'There is no such session' },
  'apiToken.notFound': { status: 404, title: 'There is no such API token' },
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problemKinds;

export const problemCodeSchema = named('ProblemCode', z.enum(keysOf(problemKinds)));

/** What is wrong with one field of a request. */
export const fieldErrorCodes = [
  'unknownField',
  'required',
  'invalidType',
  'invalidFormat',
  'invalidValue',
  'tooSmall',
  'tooBig',
  'notMultipleOf',
] as const;
export type FieldErrorCode = (typeof fieldErrorCodes)[number];

export const fieldErrorSchema = named(
  'FieldError',
  z.object({
    path: z.string().describe('Dotted path into the request body or query, empty for the whole.'),
    code: z.enum(fieldErrorCodes),
    message: z.string(),
  }),
);
export type FieldError = z.infer<typeof fieldErrorSchema>;

/** A reason outside the request why it may not be done now, for example a VM that uses the volume. */
export const blockerSchema = named(
  'Blocker',
  z.object({
    code: problemCodeSchema,
    message: z.string(),
    resource: resourceRefSchema.nullable(),
  }),
);
export type Blocker = z.infer<typeof blockerSchema>;

export const problemSchema = named(
  'Problem',
  z.object({
    type: z.string().describe('`urn:cairn:problem:` and the code.'),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    code: problemCodeSchema,
    requestId: z.string(),
    errors: z.array(fieldErrorSchema),
    blockers: z.array(blockerSchema),
  }),
);
export type Problem = z.infer<typeof problemSchema>;

export interface ProblemInput {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly requestId: string;
  readonly errors?: readonly FieldError[];
  readonly blockers?: readonly Blocker[];
}

/** Builds the document for a code; status and title follow from it. */
export function problemOf(input: ProblemInput): Problem {
  const { status, title } = problemKinds[input.code];
  return {
    type: `urn:cairn:problem:${input.code}`,
    title,
    status,
    detail: input.detail,
    code: input.code,
    requestId: input.requestId,
    errors: [...(input.errors ?? [])],
    blockers: [...(input.blockers ?? [])],
  };
}

/** Translates what zod found into the API's field errors; a union reports its closest branch. */
export function fieldErrorsOf(error: z.ZodError): FieldError[] {
  return error.issues.flatMap((issue) => fieldErrorsOfIssue(issue, []));
}

function fieldErrorsOfIssue(
  issue: z.core.$ZodIssue,
  parents: readonly PropertyKey[],
): FieldError[] {
  const path = [...parents, ...issue.path];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => ({
        path: dotted([...path, key]),
        code: 'unknownField',
        message: 'is not a field that is known here',
      }));
    case 'invalid_union':
      return fieldErrorsOfUnion(issue, path);
    default:
      return [{ path: dotted(path), code: fieldErrorCodeOf(issue), message: messageOf(issue) }];
  }
}

function fieldErrorsOfUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
): FieldError[] {
  const branches = issue.errors.filter((branch) => branch.length > 0);
  const closest = branches.reduce<readonly z.core.$ZodIssue[] | undefined>(
    (best, branch) => (best === undefined || branch.length < best.length ? branch : best),
    undefined,
  );
  if (closest === undefined)
    return [{ path: dotted(path), code: 'invalidValue', message: issue.message }];
  return closest.flatMap((inner) => fieldErrorsOfIssue(inner, path));
}

function fieldErrorCodeOf(issue: z.core.$ZodIssue): FieldErrorCode {
  switch (issue.code) {
    case 'invalid_type':
      return isMissing(issue) ? 'required' : 'invalidType';
    case 'too_small':
      return 'tooSmall';
    case 'too_big':
      return 'tooBig';
    case 'not_multiple_of':
      return 'notMultipleOf';
    case 'invalid_format':
      return 'invalidFormat';
    default:
      return 'invalidValue';
  }
}

/** zod has no code of its own for a field that is not there. */
function isMissing(issue: z.core.$ZodIssueInvalidType): boolean {
  return issue.message.endsWith('received undefined');
}

/** What is wrong, so that it reads on after the name of the field. */
function messageOf(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      if (isMissing(issue)) return 'is required';
      return `must be ${withArticle(issue.expected)}`;
    case 'too_small':
      return `must ${sizeVerb(issue.origin)} at least ${issue.minimum}${sizeNoun(issue.origin)}`;
    case 'too_big':
      return `must ${sizeVerb(issue.origin)} at most ${issue.maximum}${sizeNoun(issue.origin)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_value':
      return `must be ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return formatRules[issue.format] ?? issue.message;
    default:
      return issue.message;
  }
}

/** The rules of formats whose own messages say only that they are broken. */
const formatRules: Readonly<Record<string, string>> = {
  uuid: 'must be a UUID of version 7',
  guid: 'must be a UUID',
  url: 'must be an http or https address',
  datetime: 'must be a time in UTC such as 2026-01-31T12:00:00Z',
};

function withArticle(type: string): string {
  if (type === 'int') return 'a whole number';
  return /^[aeiou]/.test(type) ? `an ${type}` : `a ${type}`;
}

function sizeVerb(origin: string): string {
  return origin === 'string' || origin === 'array' ? 'have' : 'be';
}

function sizeNoun(origin: string): string {
  if (origin === 'string') return ' characters';
  return origin === 'array' ? ' items' : '';
}

function dotted(path: readonly PropertyKey[]): string {
  return path.map(String).join('.');
}

/** The keys of a literal object with their types; sound because the object has no others. */
function keysOf<Kinds extends object>(kinds: Kinds): (keyof Kinds & string)[] {
  return Object.keys(kinds) as (keyof Kinds & string)[];
}
