// Users and their roles. The last enabled administrator can be neither deleted nor weakened.
import { Injectable } from '@nestjs/common';
import {
  builtInRoles,
  roleNames,
  type ListQuery,
  type Page,
  type PasswordReset,
  type Role,
  type User,
  type UserCreate,
  type UserCreated,
  type UserPatch,
} from '@cairn/contracts';
import { ApiTokenEntity, SessionEntity, UserEntity, type UserRow } from '@cairn/persistence';
import type { EntityManager } from 'typeorm';
import { ChangeFeed } from '../events/change-feed';
import { ChangeLog } from '../events/change-log';
import { Database, violatedUniqueConstraint } from '../platform/database';
import { newId } from '../platform/ids';
import { pageOf } from '../platform/lists';
import { ProblemError } from '../platform/problem';
import { requireRevision } from '../platform/revisions';
import { hashPassword, newOneTimePassword } from './passwords';
import { userViewOf } from './user-view';

/** Serialises changes that could remove the last administrator. */
const USERS_LOCK = 4_201_003;

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly feed: ChangeFeed,
  ) {}

  roles(): Page<Role> {
    const items = roleNames.map((name) => {
      const { title, description, permissions } = builtInRoles[name];
      return { name, title, description, permissions: [...permissions] };
    });
    const { revision } = this.feed;
    return { items, nextCursor: null, totalEstimate: items.length, revision };
  }

  async list(query: ListQuery): Promise<Page<User>> {
    const revision = this.feed.revision;
    const rows = await this.database.read((manager) => manager.find(UserEntity));
    return pageOf(rows.map(userViewOf), query, { revision, defaultSort: 'name' });
  }

  async get(id: string): Promise<User> {
    const row = await this.database.read((manager) => manager.findOneBy(UserEntity, { id }));
    if (row === null) throw notFound();
    return userViewOf(row);
  }

  async create(request: UserCreate): Promise<UserCreated> {
    const oneTimePassword = request.password === undefined ? newOneTimePassword() : null;
    const row = await this.insert({
      id: request.id ?? newId(),
      name: request.name,
      displayName: request.displayName,
      role: request.role,
      passwordHash: await hashPassword(request.password ?? oneTimePassword ?? ''),
      mustChangePassword: oneTimePassword !== null,
    });
    return { user: userViewOf(row), oneTimePassword };
  }

  /** Inserts a user; also the way the first administrator comes into being. */
  async insert(
    user: Pick<
      UserRow,
      'id' | 'name' | 'displayName' | 'role' | 'passwordHash' | 'mustChangePassword'
    >,
  ): Promise<UserRow> {
    try {
      return await this.database.transaction(async (manager) => {
        const now = new Date();
        const revision = await this.#record(manager, user.id, 'upsert');
        const row: UserRow = {
          ...user,
          disabled: false,
          createdAt: now,
          updatedAt: now,
          lastLoginAt: null,
          revision,
        };
        await manager.insert(UserEntity, row);
        return row;
      });
    } catch (error) {
      const constraint = violatedUniqueConstraint(error);
      if (constraint === 'users_name_key') {
        throw new ProblemError('user.nameTaken', `There is a user named ${user.name} already.`);
      }
      if (constraint !== null) throw new ProblemError('user.exists', 'A user with this id exists.');
      throw error;
    }
  }

  async update(id: string, patch: UserPatch, ifMatch: number | null): Promise<User> {
    return this.#change(id, ifMatch, async (manager, row) => {
      const weakens =
        row.role === 'administrator' &&
        ((patch.role !== undefined && patch.role !== 'administrator') || patch.disabled === true);
      if (weakens) await requireAnotherAdministrator(manager, row);
      if (patch.disabled === true) await manager.delete(SessionEntity, { userId: id });
      return patch;
    });
  }

  async resetPassword(id: string): Promise<PasswordReset> {
    const oneTimePassword = newOneTimePassword();
    const passwordHash = await hashPassword(oneTimePassword);
    await this.#change(id, null, async (manager) => {
      await manager.delete(SessionEntity, { userId: id });
      return { passwordHash, mustChangePassword: true };
    });
    return { oneTimePassword };
  }

  async delete(id: string, ifMatch: number | null): Promise<void> {
    await this.database.transaction(async (manager) => {
      const row = await this.#locked(manager, id);
      requireRevision(row, ifMatch);
      if (row.role === 'administrator') await requireAnotherAdministrator(manager, row);
      await this.#record(manager, id, 'delete');
      await manager.delete(ApiTokenEntity, { userId: id });
      await manager.delete(UserEntity, { id });
    });
  }

  async #change(
    id: string,
    ifMatch: number | null,
    decide: (manager: EntityManager, row: UserRow) => Promise<Partial<UserRow> | UserPatch>,
  ): Promise<User> {
    return this.database.transaction(async (manager) => {
      const row = await this.#locked(manager, id);
      requireRevision(row, ifMatch);
      const patch = await decide(manager, row);
      const revision = await this.#record(manager, id, 'upsert');
      await manager.update(UserEntity, { id }, {
        ...patch,
        updatedAt: new Date(),
        revision,
      } as never);
      return userViewOf(await manager.findOneByOrFail(UserEntity, { id }));
    });
  }

  async #locked(manager: EntityManager, id: string): Promise<UserRow> {
    await manager.query('SELECT pg_advisory_xact_lock($1)', [USERS_LOCK]);
    const row = await manager.findOneBy(UserEntity, { id });
    if (row === null) throw notFound();
    return row;
  }

  async #record(manager: EntityManager, id: string, kind: 'upsert' | 'delete'): Promise<number> {
    return this.changes.record(manager, { topic: 'users', kind, resourceId: id });
  }
}

async function requireAnotherAdministrator(manager: EntityManager, row: UserRow): Promise<void> {
  const administrators = await manager.findBy(UserEntity, {
    role: 'administrator',
    disabled: false,
  });
  if (administrators.some((other) => other.id !== row.id)) return;
  throw new ProblemError('user.lastAdministrator', 'Somebody must be able to administer Cairn.');
}

function notFound(): ProblemError {
  return new ProblemError('user.notFound', 'There is no such user.');
}
