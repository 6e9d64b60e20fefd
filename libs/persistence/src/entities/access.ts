// Who may come in: users, their sessions, and API tokens. Secrets are only kept as hashes.
import { entity, idColumn, nullableTimeColumn, revisionColumn, timeColumn } from '../columns';

/** A local user. `passwordHash` is an argon2id string. */
export interface UserRow {
  readonly id: string;
  readonly name: string;
  readonly displayName: string;
  readonly role: string;
  readonly passwordHash: string;
  readonly mustChangePassword: boolean;
  readonly disabled: boolean;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly lastLoginAt: Date | null;
  readonly revision: number;
}

export const UserEntity = entity<UserRow>({
  name: 'User',
  tableName: 'users',
  columns: {
    id: idColumn,
    name: { type: 'text' },
    displayName: { type: 'text', default: '' },
    role: { type: 'text' },
    passwordHash: { type: 'text' },
    mustChangePassword: { type: 'bool', default: false },
    disabled: { type: 'bool', default: false },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    lastLoginAt: nullableTimeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['name'] }],
});

/** A browser session. Only the sha256 of the cookie is stored; the CSRF token derives from it. */
export interface SessionRow {
  readonly id: string;
  readonly userId: string;
  readonly secretHash: string;
  readonly client: string;
  readonly ip: string;
  readonly createdAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
}

export const SessionEntity = entity<SessionRow>({
  name: 'Session',
  tableName: 'sessions',
  columns: {
    id: idColumn,
    userId: { type: 'uuid' },
    secretHash: { type: 'text' },
    client: { type: 'text' },
    ip: { type: 'text' },
    createdAt: timeColumn,
    lastSeenAt: timeColumn,
    expiresAt: timeColumn,
  },
  uniques: [{ columns: ['secretHash'] }],
  indices: [{ columns: ['userId'] }, { columns: ['expiresAt'] }],
  foreignKeys: [
    { target: 'User', columnNames: ['userId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
  ],
});

/** An API token: sha256 of 256 random bits, with its own scopes and expiry. */
export interface ApiTokenRow {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  /** Null: all that the user may do. */
  readonly scopes: string[] | null;
  readonly secretHash: string;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly expiresAt: Date;
  readonly lastUsedAt: Date | null;
  readonly revision: number;
}

export const ApiTokenEntity = entity<ApiTokenRow>({
  name: 'ApiToken',
  tableName: 'api_tokens',
  columns: {
    id: idColumn,
    userId: { type: 'uuid' },
    name: { type: 'text' },
    scopes: { type: 'text', array: true, nullable: true },
    secretHash: { type: 'text' },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    expiresAt: timeColumn,
    lastUsedAt: nullableTimeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['secretHash'] }, { columns: ['userId', 'name'] }],
  foreignKeys: [
    { target: 'User', columnNames: ['userId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
  ],
});
