// argon2id with the OWASP parameters. Verification runs in a worker of the library's pool, and at
// most a few at once: each takes 19 MiB.
import { hash, verify } from '@node-rs/argon2';
import { randomInt } from 'node:crypto';
import { Gate } from '../tasks/gate';

const OPTIONS = { memoryCost: 19_456, timeCost: 2, parallelism: 1 } as const;
const gate = new Gate(2);

/** A hash of a password that nobody knows, for user names that do not exist. */
const decoy = hashPassword(Array.from({ length: 32 }, () => randomInt(256)).join(''));
decoy.catch(() => undefined);

export async function hashPassword(password: string): Promise<string> {
  return gate.run(() => hash(password, OPTIONS));
}

/** Takes the same time whether the user exists (`passwordHash` is given) or not (null). */
export async function verifyPassword(
  passwordHash: string | null,
  password: string,
): Promise<boolean> {
  const expected = passwordHash ?? (await decoy);
  const matches = await gate.run(() => verify(expected, password, OPTIONS));
  return matches && passwordHash !== null;
}

const ALPHABET = 'abcdefghjkmnpqrstuvwxyz23456789';

/** 20 characters that are easy to read aloud, about 99 bits. */
export function newOneTimePassword(): string {
  const groups = Array.from({ length: 4 }, () =>
    Array.from({ length: 5 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join(''),
  );
  return groups.join('-');
}
