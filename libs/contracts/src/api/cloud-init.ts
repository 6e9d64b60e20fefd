/** What a guest is told at its first boot: a form for the common case, or the user's own text. */
import { z } from 'zod';
import { named } from './schema-names';

const TEXT_BYTES_MAX = 64 * 1024;

const hostnameSchema = z
  .string()
  .max(253)
  .regex(
    /^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(?:\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*$/,
    'must be a host name',
  );

const userNameSchema = z.string().regex(/^[a-z_][a-z0-9_-]{0,31}$/, 'must be a Linux user name');

const sshPublicKeySchema = z
  .string()
  .max(16_384)
  .regex(
    /^(?:ssh-(?:ed25519|rsa|dss)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) [A-Za-z0-9+/]+={0,3}(?: \P{Cc}*)?$/u,
    'must be one line of an OpenSSH public key',
  );

const guestPasswordSchema = z
  .string()
  .min(1)
  .max(256)
  .regex(/^\P{Cc}*$/u, 'must not contain control characters');

const formShape = {
  kind: z.literal('form'),
  hostname: hostnameSchema.optional(),
  userName: userNameSchema.optional(),
  sshAuthorizedKeys: z.array(sshPublicKeySchema).max(32).default([]),
};

const textSchema = z.strictObject({
  kind: z.literal('text'),
  userData: z.string().min(1).max(TEXT_BYTES_MAX).describe('Starts with `#cloud-config` or `#!`.'),
  networkConfig: z.string().min(1).max(TEXT_BYTES_MAX).nullable().default(null),
});

/** Given at creation and in a patch. */
export const cloudInitInputSchema = named(
  'CloudInitInput',
  z.discriminatedUnion('kind', [
    z.strictObject({ ...formShape, password: guestPasswordSchema.optional() }),
    textSchema,
  ]),
);
export type CloudInitInput = z.infer<typeof cloudInitInputSchema>;

/** As it is shown: a password is never given back. */
export const cloudInitSchema = named(
  'CloudInit',
  z.discriminatedUnion('kind', [
    z.object({
      kind: z.literal('form'),
      hostname: z.string().nullable(),
      userName: z.string().nullable(),
      sshAuthorizedKeys: z.array(z.string()),
      hasPassword: z.boolean(),
    }),
    z.object({
      kind: z.literal('text'),
      userData: z.string(),
      networkConfig: z.string().nullable(),
    }),
  ]),
);
export type CloudInit = z.infer<typeof cloudInitSchema>;
