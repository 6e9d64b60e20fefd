/**
 * Sessions: a log-in with a password.
 *
 * The session travels in the cookie `cairn_session` (HttpOnly, Secure, SameSite=Strict). Every write it authenticates must
 * carry `csrfToken` in the header `X-CSRF-Token`. While `mustChangePassword` holds, only the change of the password and
 * the log-out are allowed.
 */
import { z } from 'zod';
import { listOf } from './lists';
import { idSchema, timeSchema } from './primitives';
import { permissionSchema } from './roles';
import { named } from './schema-names';
import { newPasswordSchema, userSchema } from './users';

/** A password that somebody claims to have: only bounded, so that old rules never lock anybody out. */
const givenPasswordSchema = z.string().min(1).max(1024);

export const sessionCreateSchema = named(
  'SessionCreate',
  z.strictObject({ userName: z.string().min(1).max(128), password: givenPasswordSchema }),
);
export type SessionCreate = z.infer<typeof sessionCreateSchema>;

/** One of the caller's sessions in a list. */
export const sessionSchema = named(
  'Session',
  z.object({
    id: idSchema,
    userId: idSchema,
    current: z.boolean().describe('It is the one that asks.'),
    createdAt: timeSchema,
    lastSeenAt: timeSchema,
    expiresAt: timeSchema,
    address: z.string(),
    client: z.string().describe('The user agent.'),
  }),
);
export type Session = z.infer<typeof sessionSchema>;

export const sessionListSchema = listOf('Session', sessionSchema);

/** Who asks: by session or by token. */
export const currentSessionSchema = named(
  'CurrentSession',
  z.object({
    session: sessionSchema.nullable().describe('Null if an API token asks.'),
    user: userSchema,
    permissions: z.array(permissionSchema),
    csrfToken: z.string().nullable().describe('Null if an API token asks.'),
    mustChangePassword: z.boolean(),
  }),
);
export type CurrentSession = z.infer<typeof currentSessionSchema>;

export const passwordChangeSchema = named(
  'PasswordChange',
  z.strictObject({ currentPassword: givenPasswordSchema, newPassword: newPasswordSchema }),
);
export type PasswordChange = z.infer<typeof passwordChangeSchema>;
