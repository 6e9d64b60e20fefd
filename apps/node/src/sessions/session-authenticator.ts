// Turns the session cookie into a caller. A session ends when nobody used it for a while, and at
// the latest after its absolute lifetime; both are checked here, on every request.
import { Injectable } from '@nestjs/common';
import { builtInRoles, roleNameSchema } from '@cairn/contracts';
import { SessionEntity, UserEntity, type SessionRow, type UserRow } from '@cairn/persistence';
import { Database } from '../platform/database';
import { sha256 } from '../platform/ids';
import { ProblemError } from '../platform/problem';
import type { Caller } from '../platform/request-context';

export const SESSION_IDLE_MS = 8 * 3600 * 1000;
export const SESSION_LIFETIME_MS = 7 * 24 * 3600 * 1000;
/** `lastSeenAt` is written at most this often, to spare a write per request. */
const SEEN_INTERVAL_MS = 60_000;

/** The CSRF token of a session; whoever has the cookie's value can compute it, nobody else. */
export function csrfTokenOf(cookieSecret: string): string {
  return sha256(`csrf:${cookieSecret}`);
}

export function isExpired(session: SessionRow, now: Date): boolean {
  const idleSince = now.getTime() - session.lastSeenAt.getTime();
  return session.expiresAt <= now || idleSince > SESSION_IDLE_MS;
}

/** The caller that a user is, with the permissions of the user's role. */
export function callerOfUser(user: UserRow, rest: Pick<Caller, 'session' | 'tokenId'>): Caller {
  const role = roleNameSchema.parse(user.role);
  return {
    userId: user.id,
    userName: user.name,
    role,
    permissions: new Set(builtInRoles[role].permissions),
    mustChangePassword: user.mustChangePassword,
    ...rest,
  };
}

@Injectable()
export class SessionAuthenticator {
  constructor(private readonly database: Database) {}

  /** Throws `auth.required` unless the cookie belongs to a living session of an enabled user. */
  async authenticate(cookieSecret: string): Promise<Caller> {
    const now = new Date();
    const secretHash = sha256(cookieSecret);
    const found = await this.database.read(async (manager) => {
      const session = await manager.findOneBy(SessionEntity, { secretHash });
      if (session === null) return null;
      const user = await manager.findOneBy(UserEntity, { id: session.userId });
      return user === null ? null : { session, user };
    });
    if (found === null || isExpired(found.session, now) || found.user.disabled) {
      throw new ProblemError('auth.required', 'The session has ended. Log in again.');
    }
    if (now.getTime() - found.session.lastSeenAt.getTime() > SEEN_INTERVAL_MS) {
      await this.database.read((manager) =>
        manager.update(SessionEntity, { id: found.session.id }, { lastSeenAt: now }),
      );
    }
    const session = { id: found.session.id, csrfToken: csrfTokenOf(cookieSecret) };
    return callerOfUser(found.user, { session, tokenId: null });
  }
}
