/** Join tokens: single use, expiring; the secret is shown once. */
import { z } from 'zod';
import { listOf } from '../api/lists';
import { guidSchema, timeSchema } from '../api/primitives';
import { named } from '../api/schema-names';

const DAY_SECONDS = 86_400;
export const JOIN_TOKEN_SECONDS_MAX = 7 * DAY_SECONDS;

export const joinTokenCreateSchema = named(
  'JoinTokenCreate',
  z.strictObject({
    expiresInSeconds: z.int().min(60).max(JOIN_TOKEN_SECONDS_MAX).default(3600),
    approved: z
      .boolean()
      .default(false)
      .describe('Whoever shows the token is let in without being asked about.'),
  }),
);
export type JoinTokenCreate = z.infer<typeof joinTokenCreateSchema>;
export type JoinTokenCreateInput = z.input<typeof joinTokenCreateSchema>;

export const joinTokenSchema = named(
  'JoinToken',
  z.object({
    id: guidSchema,
    createdAt: timeSchema,
    expiresAt: timeSchema,
    approved: z.boolean(),
    usedByNodeId: guidSchema.nullable(),
  }),
);
export type JoinToken = z.infer<typeof joinTokenSchema>;

export const joinTokenListSchema = listOf('JoinToken', joinTokenSchema);

export const joinTokenCreatedSchema = named(
  'JoinTokenCreated',
  z.object({
    joinToken: joinTokenSchema,
    token: z.string().describe('One line for `cairn cluster join`. Shown only now.'),
    authorityFingerprint: z.string().describe('SHA-256 of the cluster’s authority.'),
  }),
);
export type JoinTokenCreated = z.infer<typeof joinTokenCreatedSchema>;
