/** API tokens: credentials for programs. The secret is shown once; only its hash is kept. */
import { z } from 'zod';
import { listOf } from './lists';
import { idSchema, nameSchema, resourceBase, timeSchema } from './primitives';
import { permissionSchema } from './roles';
import { named } from './schema-names';

const DAY_SECONDS = 86_400;
export const API_TOKEN_SECONDS_MAX = 366 * DAY_SECONDS;

/** `cairn_` and 256 random bits in base64url. */
export const apiTokenSecretPattern = /^cairn_[A-Za-z0-9_-]{43}$/;

export const apiTokenSchema = named(
  'ApiToken',
  z.object({
    ...resourceBase,
    name: z.string(),
    userId: idSchema,
    scopes: z.array(permissionSchema).nullable().describe('Null: all that the user may do.'),
    expiresAt: timeSchema,
    lastUsedAt: timeSchema.nullable(),
  }),
);
export type ApiToken = z.infer<typeof apiTokenSchema>;

export const apiTokenListSchema = listOf('ApiToken', apiTokenSchema);

export const apiTokenCreateSchema = named(
  'ApiTokenCreate',
  z.strictObject({
    id: idSchema.optional(),
    name: nameSchema,
    scopes: z.array(permissionSchema).min(1).nullable().default(null),
    expiresInSeconds: z
      .int()
      .min(60)
      .max(API_TOKEN_SECONDS_MAX)
      .default(90 * DAY_SECONDS),
  }),
);
export type ApiTokenCreate = z.infer<typeof apiTokenCreateSchema>;
export type ApiTokenCreateInput = z.input<typeof apiTokenCreateSchema>;

export const apiTokenCreatedSchema = named(
  'ApiTokenCreated',
  z.object({ apiToken: apiTokenSchema, secret: z.string().describe('Shown only now.') }),
);
export type ApiTokenCreated = z.infer<typeof apiTokenCreatedSchema>;
