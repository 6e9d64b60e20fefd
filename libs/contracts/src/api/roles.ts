/** Permissions and the built-in roles. A permission is `resource:verb`; a role is a set of them. */
import { z } from 'zod';
import { listOf } from './lists';
import { named } from './schema-names';

export const permissions = [
  'cluster:read',
  'cluster:update',
  'nodes:read',
  'nodes:update',
  'drives:read',
  'drives:add',
  'drives:remove',
  'vms:read',
  'vms:create',
  'vms:update',
  'vms:delete',
  'vms:power',
  'vms:console',
  'volumes:read',
  'volumes:create',
  'volumes:update',
  'volumes:delete',
  'images:read',
  'images:create',
  'images:update',
  'images:delete',
  'isos:read',
  'isos:create',
  'isos:update',
  'isos:delete',
  'tasks:read',
  'tasks:cancel',
  'events:read',
  'metrics:read',
  'users:read',
  'users:create',
  'users:update',
  'users:delete',
  'audit:read',
] as const;
export const permissionSchema = named('Permission', z.enum(permissions));
export type Permission = z.infer<typeof permissionSchema>;

export const roleNames = [
  'administrator',
  'operator',
  'vmAdministrator',
  'vmUser',
  'backupOperator',
  'viewer',
  'auditor',
] as const;
export const roleNameSchema = named('RoleName', z.enum(roleNames));
export type RoleName = z.infer<typeof roleNameSchema>;

/** What everybody who may look at all may read. */
const readOnly: readonly Permission[] = [
  'cluster:read',
  'nodes:read',
  'drives:read',
  'vms:read',
  'volumes:read',
  'images:read',
  'isos:read',
  'tasks:read',
  'events:read',
  'metrics:read',
];

interface BuiltInRole {
  readonly title: string;
  readonly description: string;
  readonly permissions: readonly Permission[];
}

/** The roles every cluster has. */
export const builtInRoles: Readonly<Record<RoleName, BuiltInRole>> = {
  administrator: {
    title: 'Administrator',
    description: 'May do everything.',
    permissions,
  },
  operator: {
    title: 'Operator',
    description: 'Runs the cluster: nodes, drives, power of VMs; no users.',
    permissions: [
      ...readOnly,
      'cluster:update',
      'nodes:update',
      'drives:add',
      'drives:remove',
      'vms:power',
      'tasks:cancel',
    ],
  },
  vmAdministrator: {
    title: 'VM Administrator',
    description: 'Makes, changes and deletes VMs, volumes, images and ISOs.',
    permissions: [
      ...readOnly,
      'vms:create',
      'vms:update',
      'vms:delete',
      'vms:power',
      'vms:console',
      'volumes:create',
      'volumes:update',
      'volumes:delete',
      'images:create',
      'images:update',
      'images:delete',
      'isos:create',
      'isos:update',
      'isos:delete',
      'tasks:cancel',
    ],
  },
  vmUser: {
    title: 'VM User',
    description: 'Starts, stops and sees the console of VMs.',
    permissions: [...readOnly, 'vms:power', 'vms:console'],
  },
  backupOperator: {
    title: 'Backup Operator',
    description: 'Reads everything that a backup needs.',
    permissions: readOnly,
  },
  viewer: { title: 'Viewer', description: 'Reads.', permissions: readOnly },
  auditor: {
    title: 'Auditor',
    description: 'Reads, with users and the audit log.',
    permissions: [...readOnly, 'users:read', 'audit:read'],
  },
};

/** True if the role holds the permission. */
export function roleAllows(role: RoleName, permission: Permission): boolean {
  return builtInRoles[role].permissions.includes(permission);
}

export const roleSchema = named(
  'Role',
  z.object({
    name: roleNameSchema,
    title: z.string(),
    description: z.string(),
    permissions: z.array(permissionSchema),
  }),
);
export type Role = z.infer<typeof roleSchema>;

export const roleListSchema = listOf('Role', roleSchema);
