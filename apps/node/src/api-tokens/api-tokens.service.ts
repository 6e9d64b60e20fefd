// The caller's API tokens. A token can never be made stronger than the credentials that make it.
import { Injectable } from '@nestjs/common';
import {
  permissionSchema,
  type ApiToken,
  type ApiTokenCreate,
  type ApiTokenCreated,
  type ListQuery,
  type Page,
} from '@cairn/contracts';
import { ApiTokenEntity, type ApiTokenRow } from '@cairn/persistence';
import { ChangeFeed } from '../events/change-feed';
import { ChangeLog } from '../events/change-log';
import { Database, violatedUniqueConstraint } from '../platform/database';
import { newId, newSecret, sha256 } from '../platform/ids';
import { pageOf } from '../platform/lists';
import { ProblemError } from '../platform/problem';
import { callerOf, LOCAL_USER_ID, type RequestContext } from '../platform/request-context';

const TOKENS_PER_USER_MAX = 100;

@Injectable()
export class ApiTokensService {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly feed: ChangeFeed,
  ) {}

  async list(query: ListQuery, context: RequestContext): Promise<Page<ApiToken>> {
    const { userId } = callerOf(context);
    const revision = this.feed.revision;
    const rows = await this.database.read((manager) => manager.findBy(ApiTokenEntity, { userId }));
    return pageOf(rows.map(apiTokenViewOf), query, { revision, defaultSort: 'name' });
  }

  async create(request: ApiTokenCreate, context: RequestContext): Promise<ApiTokenCreated> {
    const caller = callerOf(context);
    if (caller.userId === LOCAL_USER_ID) {
      throw new ProblemError('auth.forbidden', 'Tokens belong to users; log in as one.');
    }
    const missing = request.scopes?.find((scope) => !caller.permissions.has(scope));
    if (missing !== undefined) {
      throw new ProblemError('auth.forbidden', `You do not hold ${missing} yourself.`);
    }
    const secret = `cairn_${newSecret()}`;
    const now = new Date();
    const id = request.id ?? newId();
    // A token that makes another one hands on its own bounds, not those of its user.
    const scopes = request.scopes ?? (caller.tokenId === null ? null : [...caller.permissions]);
    try {
      const row = await this.database.transaction(async (manager) => {
        const count = await manager.countBy(ApiTokenEntity, { userId: caller.userId });
        if (count >= TOKENS_PER_USER_MAX) {
          throw new ProblemError('rate.limited', `At most ${TOKENS_PER_USER_MAX} tokens per user.`);
        }
        const created: ApiTokenRow = {
          id,
          userId: caller.userId,
          name: request.name,
          scopes,
          secretHash: sha256(secret),
          createdAt: now,
          updatedAt: now,
          expiresAt: new Date(now.getTime() + request.expiresInSeconds * 1000),
          lastUsedAt: null,
          revision: await this.changes.record(manager, {
            topic: 'apiTokens',
            kind: 'upsert',
            resourceId: id,
          }),
        };
        await manager.insert(ApiTokenEntity, created);
        return created;
      });
      return { apiToken: apiTokenViewOf(row), secret };
    } catch (error) {
      if (violatedUniqueConstraint(error) === null) throw error;
      throw new ProblemError('request.invalid', 'You have a token with this name or id already.', {
        errors: [{ path: 'name', code: 'invalidValue', message: 'It is taken.' }],
      });
    }
  }

  async revoke(id: string, context: RequestContext): Promise<void> {
    const { userId } = callerOf(context);
    await this.database.transaction(async (manager) => {
      const result = await manager.delete(ApiTokenEntity, { id, userId });
      if (result.affected === 0) {
        throw new ProblemError('apiToken.notFound', 'You have no such token.');
      }
      await this.changes.record(manager, { topic: 'apiTokens', kind: 'delete', resourceId: id });
    });
  }
}

function apiTokenViewOf(row: ApiTokenRow): ApiToken {
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
    name: row.name,
    userId: row.userId,
    scopes: row.scopes === null ? null : row.scopes.map((scope) => permissionSchema.parse(scope)),
    expiresAt: row.expiresAt.toISOString(),
    lastUsedAt: row.lastUsedAt?.toISOString() ?? null,
  };
}
