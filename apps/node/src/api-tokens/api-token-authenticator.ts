// Turns a bearer token into a caller.
import { Injectable } from '@nestjs/common';
import { apiTokenSecretPattern, permissionSchema, type Permission } from '@cairn/contracts';
import { ApiTokenEntity, UserEntity, type ApiTokenRow } from '@cairn/persistence';
import { Database } from '../platform/database';
import { sha256 } from '../platform/ids';
import { ProblemError } from '../platform/problem';
import type { Caller } from '../platform/request-context';
import { callerOfUser } from '../sessions/session-authenticator';

const USED_INTERVAL_MS = 60_000;

@Injectable()
export class ApiTokenAuthenticator {
  constructor(private readonly database: Database) {}

  /** Throws `auth.required` unless the token is known, not expired, and its user is enabled. */
  async authenticate(secret: string): Promise<Caller> {
    const refused = new ProblemError('auth.required', 'The API token is unknown or has expired.');
    if (!apiTokenSecretPattern.test(secret)) throw refused;
    const now = new Date();
    const secretHash = sha256(secret);
    const found = await this.database.read(async (manager) => {
      const token = await manager.findOneBy(ApiTokenEntity, { secretHash });
      if (token === null) return null;
      const user = await manager.findOneBy(UserEntity, { id: token.userId });
      return user === null ? null : { token, user };
    });
    if (found === null || found.token.expiresAt <= now || found.user.disabled) throw refused;
    await this.#noteUse(found.token, now);
    const caller = callerOfUser(found.user, { session: null, tokenId: found.token.id });
    return { ...caller, permissions: narrowed(caller.permissions, found.token.scopes) };
  }

  async #noteUse(token: ApiTokenRow, now: Date): Promise<void> {
    const last = token.lastUsedAt?.getTime() ?? 0;
    if (now.getTime() - last < USED_INTERVAL_MS) return;
    await this.database.read((manager) =>
      manager.update(ApiTokenEntity, { id: token.id }, { lastUsedAt: now }),
    );
  }
}

/** A token never holds more than its user does now. */
export function narrowed(
  permissions: ReadonlySet<Permission>,
  scopes: readonly string[] | null,
): ReadonlySet<Permission> {
  if (scopes === null) return permissions;
  const kept = scopes.flatMap((scope) => {
    const parsed = permissionSchema.safeParse(scope);
    return parsed.success && permissions.has(parsed.data) ? [parsed.data] : [];
  });
  return new Set(kept);
}
