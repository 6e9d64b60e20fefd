// Log-in, log-out, and the caller's own sessions and password.
import { Inject, Injectable } from '@nestjs/common';
import type {
  CurrentSession,
  ListQuery,
  Page,
  PasswordChange,
  Session,
  SessionCreate,
} from '@cairn/contracts';
import { SessionEntity, UserEntity, type SessionRow, type UserRow } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { ChangeFeed } from '../events/change-feed';
import { ChangeLog } from '../events/change-log';
import { Database } from '../platform/database';
import { newId, newSecret, sha256 } from '../platform/ids';
import { pageOf } from '../platform/lists';
import { ProblemError } from '../platform/problem';
import { callerOf, type Caller, type RequestContext } from '../platform/request-context';
import { LOGGER } from '../platform/tokens';
import { hashPassword, verifyPassword } from '../users/passwords';
import { userViewOf } from '../users/user-view';
import { LoginThrottle } from './login-throttle';
import { callerOfUser, csrfTokenOf, isExpired, SESSION_LIFETIME_MS } from './session-authenticator';

const SESSIONS_PER_USER_MAX = 50;

export interface LoggedIn {
  readonly cookieSecret: string;
  readonly expiresAt: Date;
  readonly body: CurrentSession;
}

@Injectable()
export class SessionsService {
  readonly #throttle = new LoginThrottle(() => performance.now());
  #failures = 0;

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly feed: ChangeFeed,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Failed log-ins since the start, for metrics. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Unknown user, wrong password and disabled user are answered alike and take alike long; the
   * throttle refuses before any of them is looked at.
   */
  async logIn(request: SessionCreate, context: RequestContext): Promise<LoggedIn> {
    const keys = [`user:${request.userName}`, `ip:${context.ip}`];
    const waitSeconds = this.#throttle.retryAfterSeconds(keys);
    if (waitSeconds > 0) {
      throw new ProblemError('rate.limited', `Too many failures. Try again in ${waitSeconds} s.`, {
        retryAfterSeconds: waitSeconds,
      });
    }
    const name = request.userName;
    const user = await this.database.read((manager) => manager.findOneBy(UserEntity, { name }));
    const matches = await verifyPassword(user?.passwordHash ?? null, request.password);
    if (user === null || !matches || user.disabled) {
      this.#throttle.failed(keys);
      this.#failures += 1;
      this.logger.info({ user: name, ip: context.ip }, 'log-in refused');
      throw new ProblemError('auth.invalidCredentials', 'User name or password is wrong.');
    }
    this.#throttle.succeeded(`user:${name}`);
    return this.#open(user, context);
  }

  async current(context: RequestContext): Promise<CurrentSession> {
    const caller = callerOf(context);
    const { user, session } = await this.database.read(async (manager) => ({
      user: await manager.findOneBy(UserEntity, { id: caller.userId }),
      session:
        caller.session === null
          ? null
          : await manager.findOneBy(SessionEntity, { id: caller.session.id }),
    }));
    if (user === null) {
      throw new ProblemError('session.notFound', `${caller.userName} is no user with sessions.`);
    }
    return currentSessionOf(user, session, caller);
  }

  async list(query: ListQuery, context: RequestContext): Promise<Page<Session>> {
    const caller = callerOf(context);
    const rows = await this.#living(caller.userId);
    const items = rows.map((row) => sessionViewOf(row, caller.session?.id ?? null));
    return pageOf(items, query, { revision: this.feed.revision, defaultSort: '-lastSeenAt' });
  }

  async logOut(context: RequestContext): Promise<void> {
    const id = callerOf(context).session?.id;
    if (id === undefined) {
      throw new ProblemError('session.notFound', 'An API token has no session to end.');
    }
    await this.database.read((manager) => manager.delete(SessionEntity, { id }));
  }

  async end(id: string, context: RequestContext): Promise<void> {
    const { userId } = callerOf(context);
    const result = await this.database.read((manager) =>
      manager.delete(SessionEntity, { id, userId }),
    );
    if (result.affected === 0) {
      throw new ProblemError('session.notFound', 'You have no such session.');
    }
  }

  /** Ends the user's other sessions and replaces this one, so that old cookies are worthless. */
  async changePassword(request: PasswordChange, context: RequestContext): Promise<LoggedIn> {
    const caller = callerOf(context);
    const keys = [`user:${caller.userName}`, `ip:${context.ip}`];
    if (this.#throttle.retryAfterSeconds(keys) > 0) {
      throw new ProblemError('rate.limited', 'Too many failures. Try again later.');
    }
    const user = await this.database.read((manager) =>
      manager.findOneBy(UserEntity, { id: caller.userId }),
    );
    if (!(await verifyPassword(user?.passwordHash ?? null, request.currentPassword))) {
      this.#throttle.failed(keys);
      throw new ProblemError('auth.invalidCredentials', 'The current password is wrong.');
    }
    if (request.newPassword === request.currentPassword) {
      throw new ProblemError('user.passwordReused', 'The new password must differ.');
    }
    const passwordHash = await hashPassword(request.newPassword);
    const changed = await this.database.transaction(async (manager) => {
      const revision = await this.changes.record(manager, {
        topic: 'users',
        kind: 'upsert',
        resourceId: caller.userId,
      });
      const patch = { passwordHash, mustChangePassword: false, updatedAt: new Date(), revision };
      await manager.update(UserEntity, { id: caller.userId }, patch);
      await manager.delete(SessionEntity, { userId: caller.userId });
      return manager.findOneByOrFail(UserEntity, { id: caller.userId });
    });
    return this.#open(changed, context);
  }

  /** Deletes what has expired; called now and then. */
  async prune(now: Date): Promise<void> {
    await this.database.read((manager) =>
      manager
        .createQueryBuilder()
        .delete()
        .from(SessionEntity)
        .where('expires_at < :now', { now })
        .execute(),
    );
  }

  async #living(userId: string): Promise<SessionRow[]> {
    const now = new Date();
    const rows = await this.database.read((manager) =>
      manager.find(SessionEntity, { where: { userId }, order: { lastSeenAt: 'DESC' } }),
    );
    return rows.filter((row) => !isExpired(row, now));
  }

  async #open(user: UserRow, context: RequestContext): Promise<LoggedIn> {
    const cookieSecret = newSecret();
    const now = new Date();
    const session: SessionRow = {
      id: newId(),
      userId: user.id,
      secretHash: sha256(cookieSecret),
      client: context.client,
      ip: context.ip,
      createdAt: now,
      lastSeenAt: now,
      expiresAt: new Date(now.getTime() + SESSION_LIFETIME_MS),
    };
    const superfluous = (await this.#living(user.id)).slice(SESSIONS_PER_USER_MAX - 1);
    await this.database.transaction(async (manager) => {
      await manager.update(UserEntity, { id: user.id }, { lastLoginAt: now });
      await manager.insert(SessionEntity, session);
      for (const { id } of superfluous) await manager.delete(SessionEntity, { id });
    });
    const caller = callerOfUser(user, {
      session: { id: session.id, csrfToken: csrfTokenOf(cookieSecret) },
      tokenId: null,
    });
    const body = currentSessionOf({ ...user, lastLoginAt: now }, session, caller);
    return { cookieSecret, expiresAt: session.expiresAt, body };
  }
}

function currentSessionOf(
  user: UserRow,
  session: SessionRow | null,
  caller: Caller,
): CurrentSession {
  return {
    session: session === null ? null : sessionViewOf(session, session.id),
    user: userViewOf(user),
    permissions: [...caller.permissions],
    csrfToken: caller.session?.csrfToken ?? null,
    mustChangePassword: user.mustChangePassword,
  };
}

function sessionViewOf(row: SessionRow, currentId: string | null): Session {
  return {
    id: row.id,
    userId: row.userId,
    current: row.id === currentId,
    createdAt: row.createdAt.toISOString(),
    lastSeenAt: row.lastSeenAt.toISOString(),
    expiresAt: row.expiresAt.toISOString(),
    address: row.ip,
    client: row.client,
  };
}
