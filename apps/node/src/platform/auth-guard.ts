// Denied by default. The guard lets a request pass only when the route table says that its
// operation is public, or when its credentials are valid and hold the operation's permission.
// A handler that is not in the table is refused outright, unless it is marked as loopback-or-token
// (`/metrics`) or static.
import {
  Inject,
  Injectable,
  SetMetadata,
  type CanActivate,
  type ExecutionContext,
} from '@nestjs/common';
import {
  headers,
  permissions,
  routes,
  SESSION_COOKIE,
  type OperationId,
  type Route,
} from '@cairn/contracts';
import type { Request } from 'express';
import { ApiTokenAuthenticator } from '../api-tokens/api-token-authenticator';
import { SessionAuthenticator } from '../sessions/session-authenticator';
import { ENVIRONMENT, type Environment } from './environment';
import { secretsEqual } from './ids';
import { operationOf } from './operation';
import { isLoopbackPeer } from './peer';
import { ProblemError } from './problem';
import { LOCAL_USER_ID, setCaller, type Caller } from './request-context';

const PUBLIC_KEY = 'cairn:public';

/** Opens a handler outside the route table: documentation, metrics with their own rule. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC_KEY, true);

/** What a user may do before changing a one-time password. */
const BEFORE_PASSWORD_CHANGE: ReadonlySet<OperationId> = new Set([
  'getCurrentSession',
  'deleteCurrentSession',
  'changePassword',
]);

const SAFE_METHODS = new Set(['GET', 'HEAD', 'OPTIONS']);

@Injectable()
export class AuthGuard implements CanActivate {
  constructor(
    private readonly sessions: SessionAuthenticator,
    private readonly apiTokens: ApiTokenAuthenticator,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const id = operationOf(context.getHandler());
    if (id === null) return isMarkedPublic(context);
    const route: Route = routes[id];
    if (route.access === 'public') return true;
    const request = context.switchToHttp().getRequest<Request>();
    const caller = await this.#authenticate(request);
    setCaller(request, caller);
    if (caller.mustChangePassword && !BEFORE_PASSWORD_CHANGE.has(id)) {
      throw new ProblemError('auth.passwordChangeRequired', 'Change your one-time password first.');
    }
    if (route.access !== 'authenticated' && !caller.permissions.has(route.access)) {
      throw new ProblemError('auth.forbidden', `This needs the permission ${route.access}.`);
    }
    return true;
  }

  async #authenticate(request: Request): Promise<Caller> {
    const bearer = bearerOf(request.headers.authorization);
    if (bearer !== null && this.#isLocal(request, bearer)) return LOCAL_CALLER;
    if (bearer !== null) return this.apiTokens.authenticate(bearer);
    const cookie = cookieOf(request.headers.cookie, SESSION_COOKIE);
    if (cookie === null) throw new ProblemError('auth.required', 'Log in first.');
    const caller = await this.sessions.authenticate(cookie);
    if (!SAFE_METHODS.has(request.method)) requireCsrfToken(request, caller);
    return caller;
  }

  /** The token of a file that only root, or the service's user, can read; never from elsewhere. */
  #isLocal(request: Request, bearer: string): boolean {
    const { localToken } = this.environment;
    return localToken !== null && isLoopbackPeer(request) && secretsEqual(bearer, localToken);
  }
}

const LOCAL_CALLER: Caller = {
  userId: LOCAL_USER_ID,
  userName: 'local',
  role: 'administrator',
  permissions: new Set(permissions),
  session: null,
  tokenId: null,
  mustChangePassword: false,
};

function isMarkedPublic(context: ExecutionContext): boolean {
  const targets = [context.getHandler(), context.getClass()];
  if (targets.some((target) => Reflect.getMetadata(PUBLIC_KEY, target) === true)) return true;
  throw new ProblemError('auth.required', 'Log in first.');
}

function requireCsrfToken(request: Request, caller: Caller): void {
  const given = request.get(headers.csrfToken) ?? '';
  if (caller.session !== null && secretsEqual(given, caller.session.csrfToken)) return;
  throw new ProblemError('auth.csrf', `Send the session's token in ${headers.csrfToken}.`);
}

/** The credentials of `Authorization: Bearer …`; any other scheme counts as none. */
export function bearerOf(header: string | undefined): string | null {
  return /^Bearer ([A-Za-z0-9._~+/=-]{1,512})$/i.exec(header ?? '')?.[1] ?? null;
}

/** One cookie of a Cookie header. */
export function cookieOf(header: string | undefined, name: string): string | null {
  for (const part of (header ?? '').split(';')) {
    const equals = part.indexOf('=');
    if (equals > 0 && part.slice(0, equals).trim() === name) return part.slice(equals + 1).trim();
  }
  return null;
}
