/** Users who log in with a password. */
import { z } from 'zod';
import { listOf } from './lists';
import { idSchema, resourceBase, timeSchema } from './primitives';
import { roleNameSchema } from './roles';
import { named } from './schema-names';

export const userNameSchema = z
  .string()
  .regex(/^[a-z][a-z0-9._-]{0,62}$/, 'must be 1 to 63 of a-z 0-9 . _ -, a letter first');

const displayNameSchema = z
  .string()
  .max(128)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

export const PASSWORD_LENGTH_MIN = 12;
export const PASSWORD_LENGTH_MAX = 256;

/** A password that somebody chooses. */
export const newPasswordSchema = z
  .string()
  .min(PASSWORD_LENGTH_MIN)
  .max(PASSWORD_LENGTH_MAX)
  .refine((password) => !password.includes('\0'), 'must not contain a null character');

export const userSchema = named(
  'User',
  z.object({
    ...resourceBase,
    name: z.string(),
    displayName: z.string(),
    role: roleNameSchema,
    disabled: z.boolean(),
    mustChangePassword: z.boolean(),
    lastLoginAt: timeSchema.nullable(),
  }),
);
export type User = z.infer<typeof userSchema>;

export const userListSchema = listOf('User', userSchema);

export const userCreateSchema = named(
  'UserCreate',
  z.strictObject({
    id: idSchema.optional(),
    name: userNameSchema,
    displayName: displayNameSchema.default(''),
    role: roleNameSchema,
    password: newPasswordSchema
      .optional()
      .describe('Without one, a one-time password is made and answered once.'),
  }),
);
export type UserCreate = z.infer<typeof userCreateSchema>;
export type UserCreateInput = z.input<typeof userCreateSchema>;

export const userCreatedSchema = named(
  'UserCreated',
  z.object({
    user: userSchema,
    oneTimePassword: z.string().nullable().describe('Shown only now; must be changed at log-in.'),
  }),
);
export type UserCreated = z.infer<typeof userCreatedSchema>;

export const userPatchSchema = named(
  'UserPatch',
  z.strictObject({
    displayName: displayNameSchema.optional(),
    role: roleNameSchema.optional(),
    disabled: z
      .boolean()
      .optional()
      .describe('Ends all sessions and stops all tokens of the user.'),
  }),
);
export type UserPatch = z.infer<typeof userPatchSchema>;

export const passwordResetSchema = named(
  'PasswordReset',
  z.object({ oneTimePassword: z.string() }),
);
export type PasswordReset = z.infer<typeof passwordResetSchema>;
