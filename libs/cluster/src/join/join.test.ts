import fc from 'fast-check';
import { randomBytes, randomUUID } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from '../fake-key-value-store';
import { formatJoinToken, hashOfSecret, parseJoinToken, SECRET_BYTES } from './join-token';
import { JOIN_TOKEN_PREFIX, TokenRegister } from './token-register';

const NOW = new Date('2026-11-21T12:00:00Z');
const IN_AN_HOUR = new Date('2026-11-21T13:00:00Z');
const token = () => ({
  clusterId: randomUUID(),
  authorityFingerprint: randomBytes(32).toString('hex'),
  secret: randomBytes(SECRET_BYTES),
  expiresAt: IN_AN_HOUR,
});

describe('a join token', () => {
  it('reads back what was written', () => {
    const written = token();
    expect(parseJoinToken(formatJoinToken(written), NOW)).toEqual(written);
  });

  it('is one line without characters that a shell or a person mistakes', () => {
    expect(formatJoinToken(token())).toMatch(/^cairn1-[0-9a-hjkmnp-tv-z]{122}$/);
  });

  it('is read in capitals, with spaces, dashes, and O and I for 0 and 1', () => {
    const written = token();
    const text = formatJoinToken(written).slice('cairn1-'.length);
    const typed = text.replaceAll('0', 'O').replaceAll('1', 'I').toUpperCase();
    const spaced = `  cairn1-${typed.replaceAll(/(.{8})/g, '$1 ')} \n`;
    expect(parseJoinToken(spaced, NOW)).toEqual(written);
  });

  it('tells every single wrong character', () => {
    const text = formatJoinToken(token());
    fc.assert(
      fc.property(
        fc.integer({ min: 'cairn1-'.length, max: text.length - 1 }),
        fc.constantFrom(...Array.from('023456789abcdefghjkmnpqrstvwxyz')),
        (at, symbol) => {
          fc.pre(text.charAt(at) !== symbol);
          const wrong = text.slice(0, at) + symbol + text.slice(at + 1);
          expect(() => parseJoinToken(wrong, NOW)).toThrow(/mistyped/);
        },
      ),
    );
  });

  it.each([
    ['nothing', '', 'malformed', /begins with cairn1-/],
    ['another thing', 'hunter2', 'malformed', /begins with cairn1-/],
    ['half a token', formatJoinToken(token()).slice(0, 60), 'malformed', /missing or doubled/],
    ['a strange letter', formatJoinToken(token()).replace(/.$/, 'ü'), 'mistyped', /cannot contain/],
  ])('explains %s', (_, text, kind, message) => {
    expect(() => parseJoinToken(text, NOW)).toThrow(
      expect.objectContaining({ kind, message: expect.stringMatching(message) as string }) as Error,
    );
  });

  it('says when it expired', () => {
    const text = formatJoinToken(token());
    expect(() => parseJoinToken(text, IN_AN_HOUR)).toThrow(/expired at 2026-11-21T13:00:00.000Z/);
  });
});

describe('TokenRegister', () => {
  const joiner = (nodeId = randomUUID()) => ({
    nodeId,
    keyFingerprint: randomBytes(32).toString('hex'),
  });
  const open = async (approved = false) => {
    const store = new FakeKeyValueStore();
    const register = new TokenRegister(store);
    const secret = randomBytes(SECRET_BYTES);
    const id = randomUUID();
    await register.add({ id, secret, expiresAt: IN_AN_HOUR, approved, now: NOW });
    return { store, register, secret, id };
  };

  it('keeps only the hash of the secret', async () => {
    const { store, secret } = await open();
    const { items } = await store.list('/');
    expect(items.map(({ key }) => key)).toEqual([JOIN_TOKEN_PREFIX + hashOfSecret(secret)]);
    expect(JSON.stringify(items.map(({ value }) => value))).not.toContain(secret.toString('hex'));
  });

  it('lets exactly one of many joiners in, and that one again', async () => {
    const { register, secret } = await open();
    const joiners = Array.from({ length: 8 }, () => joiner());
    const answers = await Promise.all(
      joiners.map((each) => register.redeem({ secret, joiner: each, now: NOW })),
    );
    const winners = joiners.filter((_, at) => answers[at]?.kind === 'redeemed');
    expect(winners).toHaveLength(1);
    for (const each of joiners) {
      const again = await register.redeem({ secret, joiner: each, now: IN_AN_HOUR });
      expect(again.kind).toBe(winners.includes(each) ? 'redeemed' : 'refused');
    }
  });

  it('refuses the winner’s node id with another key', async () => {
    const { register, secret } = await open();
    const first = joiner();
    await register.redeem({ secret, joiner: first, now: NOW });
    expect(await register.redeem({ secret, joiner: joiner(first.nodeId), now: NOW })).toEqual({
      kind: 'refused',
      reason: 'used',
    });
  });

  it('refuses what it does not know, what expired, and what was taken back', async () => {
    const { register, secret, id } = await open();
    const ask = (bytes: Buffer, now: Date) =>
      register.redeem({ secret: bytes, joiner: joiner(), now });
    expect(await ask(randomBytes(SECRET_BYTES), NOW)).toMatchObject({ reason: 'unknown' });
    expect(await ask(secret, IN_AN_HOUR)).toMatchObject({ reason: 'expired' });
    expect(await register.revoke(id)).toBe(true);
    expect(await register.revoke(id)).toBe(false);
    expect(await ask(secret, NOW)).toMatchObject({ reason: 'unknown' });
  });

  it('remembers whether it was approved in advance', async () => {
    const { register, secret } = await open(true);
    expect(await register.redeem({ secret, joiner: joiner(), now: NOW })).toMatchObject({
      token: { approved: true },
    });
  });

  it('forgets expired tokens when it makes one', async () => {
    const { register } = await open();
    const later = new Date(IN_AN_HOUR.getTime() + 1);
    const secret = randomBytes(SECRET_BYTES);
    const id = randomUUID();
    await register.add({
      id,
      secret,
      expiresAt: new Date(later.getTime() + 1000),
      approved: false,
      now: later,
    });
    expect((await register.list()).map((each) => each.id)).toEqual([id]);
  });
});
