import { roleNameSchema, type User } from '@cairn/contracts';
import type { UserRow } from '@cairn/persistence';

/** A user row as the API shows it, without its password's hash. */
export function userViewOf(row: UserRow): User {
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
    name: row.name,
    displayName: row.displayName,
    role: roleNameSchema.parse(row.role),
    disabled: row.disabled,
    mustChangePassword: row.mustChangePassword,
    lastLoginAt: row.lastLoginAt?.toISOString() ?? null,
  };
}
