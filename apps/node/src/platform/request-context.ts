// What a request carries besides its parsed input: who asks, from where, under which conditions.
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { limits, type Permission, type RoleName } from '@cairn/contracts';
import type { Request, Response } from 'express';
import type { TaskActor } from '../tasks/task-definition';
import { newId } from './ids';
import { ProblemError } from './problem';

/** An authenticated user, by session or by API token, or this machine's own administrator. */
export interface Caller {
  readonly userId: string;
  readonly userName: string;
  readonly role: RoleName;
  readonly permissions: ReadonlySet<Permission>;
  readonly session: { readonly id: string; readonly csrfToken: string } | null;
  readonly tokenId: string | null;
  readonly mustChangePassword: boolean;
}

/** The id of the principal that is no user: whoever can read the node's local token. */
export const LOCAL_USER_ID = '00000000-0000-0000-0000-000000000000';

export interface RequestContext {
  readonly requestId: string;
  readonly ip: string;
  readonly client: string;
  /** The revision that `If-Match` demands; null where it demands none. */
  readonly ifMatch: number | null;
  readonly preferWaitMs: number;
  /** Null on public operations. */
  readonly caller: Caller | null;
  /** Fires when the client has gone. */
  readonly signal: AbortSignal;
}

/** What middleware, guard and filter attach to a request. */
interface Attachment {
  requestId: string;
  caller: Caller | null;
  signal: AbortSignal;
}

const attachments = new WeakMap<object, Attachment>();
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** First middleware of the chain: names the request and tells its name to the client. */
export function attachRequestContext(request: Request, response: Response, next: () => void): void {
  const given = request.get('x-request-id') ?? '';
  const requestId = REQUEST_ID.test(given) ? given : newId();
  const abort = new AbortController();
  response.once('close', () => abort.abort());
  attachments.set(request, { requestId, caller: null, signal: abort.signal });
  response.setHeader('X-Request-Id', requestId);
  next();
}

export function requestIdOf(request: object): string {
  return attachments.get(request)?.requestId ?? '';
}

/** The guard's verdict; handlers read it through `@Context()`. */
export function setCaller(request: object, caller: Caller): void {
  const attachment = attachments.get(request);
  if (attachment !== undefined) attachment.caller = caller;
}

export function contextOf(request: Request): RequestContext {
  const attachment = attachments.get(request);
  return {
    requestId: attachment?.requestId ?? '',
    ip: request.ip ?? request.socket.remoteAddress ?? '',
    client: (request.get('user-agent') ?? '').slice(0, 256),
    ifMatch: ifMatchOf(request.get('if-match')),
    preferWaitMs: preferWaitMsOf(request.get('prefer')),
    caller: attachment?.caller ?? null,
    signal: attachment?.signal ?? new AbortController().signal,
  };
}

/** The RequestContext of a handler's request. */
export const Context = createParamDecorator((_: unknown, context: ExecutionContext) =>
  contextOf(context.switchToHttp().getRequest<Request>()),
);

/** `"17"` is revision 17, `*` is any. */
export function ifMatchOf(header: string | undefined): number | null {
  if (header === undefined || header.trim() === '*') return null;
  const match = /^(?:W\/)?"?(\d{1,16})"?$/.exec(header.trim());
  if (match === null) {
    throw new ProblemError('request.malformed', 'If-Match must be an ETag of this API.');
  }
  return Number(match[1]);
}

/** `wait=30` among other preferences; anything else means no wait, as RFC 7240 demands. */
export function preferWaitMsOf(header: string | undefined): number {
  const seconds = /(?:^|[,;]\s*)wait=(\d{1,4})(?:$|[\s,;])/.exec(header ?? '')?.[1];
  return Math.min(Number(seconds ?? 0), limits.preferWaitSecondsMax) * 1000;
}

/** The caller of an operation that is never public. */
export function callerOf(context: RequestContext): Caller {
  if (context.caller === null) throw new ProblemError('auth.required', 'Log in first.');
  return context.caller;
}

/** Who a task or an audit entry names. */
export function actorOf(context: RequestContext): TaskActor {
  const { caller } = context;
  if (caller === null) return { kind: 'system', id: null, name: 'anonymous' };
  if (caller.userId === LOCAL_USER_ID) return { kind: 'system', id: null, name: caller.userName };
  const kind = caller.tokenId === null ? 'user' : 'apiToken';
  return { kind, id: caller.userId, name: caller.userName };
}
