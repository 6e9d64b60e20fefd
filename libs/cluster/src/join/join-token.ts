/**
 * Join tokens: one line that admits one node.
 *
 *     token = "cairn1-" base32( clusterId[16] fingerprint[32] secret[20] expiresAt[4] checksum[4] )
 *
 * Base32 is Crockford's (no I, L, O, U), in lower case; reading is case-blind, takes I and L for 1 and O for 0, and skips
 * spaces and dashes. `expiresAt` is in seconds since 1970, big-endian; the checksum is the begin of the SHA-256 of all before.
 * The cluster keeps only the secret's hash.
 */
import { createHash } from 'node:crypto';

const PREFIX = 'cairn1-';
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';
export const SECRET_BYTES = 20;
const CHECKSUM_BYTES = 4;
const BYTES = 16 + 32 + SECRET_BYTES + 4 + CHECKSUM_BYTES;
const SYMBOLS = Math.ceil((BYTES * 8) / 5);

export interface JoinToken {
  readonly clusterId: string;
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly authorityFingerprint: string;
  readonly secret: Buffer;
  /** Whole seconds. */
  readonly expiresAt: Date;
}

export type JoinTokenErrorKind = 'malformed' | 'mistyped' | 'expired';

/** Its message is written for the person who typed the token, and never repeats it. */
export class JoinTokenError extends Error {
  override readonly name = 'JoinTokenError';
  constructor(
    readonly kind: JoinTokenErrorKind,
    message: string,
  ) {
    super(message);
  }
}

export function formatJoinToken(token: JoinToken): string {
  const { clusterId, authorityFingerprint, secret, expiresAt } = token;
  const expiry = Buffer.alloc(4);
  expiry.writeUInt32BE(Math.floor(expiresAt.getTime() / 1000));
  const body = Buffer.concat([
    Buffer.from(clusterId.replaceAll('-', ''), 'hex'),
    Buffer.from(authorityFingerprint, 'hex'),
    secret,
    expiry,
  ]);
  if (body.length !== BYTES - CHECKSUM_BYTES) throw new Error('a part of a token has a wrong size');
  return PREFIX + encodeBase32(Buffer.concat([body, checksumOf(body)]));
}

/** Throws JoinTokenError. `now` decides whether it has expired by the reader's clock; the cluster's clock has the last word. */
export function parseJoinToken(text: string, now: Date): JoinToken {
  const typed = text.trim().toLowerCase();
  if (!typed.startsWith(PREFIX)) {
    throw new JoinTokenError('malformed', `a join token begins with ${PREFIX}`);
  }
  const symbols = typed.slice(PREFIX.length).replaceAll(/[\s-]/g, '');
  if (symbols.length !== SYMBOLS) {
    throw new JoinTokenError(
      'malformed',
      `the token has ${symbols.length} characters after ${PREFIX} instead of ${SYMBOLS}: part of it is missing or doubled`,
    );
  }
  const bytes = decodeBase32(symbols);
  const body = bytes.subarray(0, BYTES - CHECKSUM_BYTES);
  if (!checksumOf(body).equals(bytes.subarray(body.length, BYTES))) {
    throw new JoinTokenError('mistyped', 'the token is mistyped: its checksum does not fit');
  }
  const expiresAt = new Date(body.readUInt32BE(body.length - 4) * 1000);
  if (now >= expiresAt) {
    throw new JoinTokenError(
      'expired',
      `the token expired at ${expiresAt.toISOString()}: ask for a new one`,
    );
  }
  return {
    clusterId: formatUuid(body.subarray(0, 16)),
    authorityFingerprint: body.subarray(16, 48).toString('hex'),
    secret: Buffer.from(body.subarray(48, 48 + SECRET_BYTES)),
    expiresAt,
  };
}

/** What the cluster keeps of a token's secret, hexadecimal. */
export function hashOfSecret(secret: Buffer): string {
  return createHash('sha256').update('cairn join token\0').update(secret).digest('hex');
}

function checksumOf(body: Buffer): Buffer {
  return createHash('sha256').update(body).digest().subarray(0, CHECKSUM_BYTES);
}

function formatUuid(bytes: Buffer): string {
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}

function encodeBase32(bytes: Buffer): string {
  let text = '';
  let [bits, count] = [0, 0];
  for (const byte of bytes) {
    bits = (bits << 8) | byte;
    count += 8;
    while (count >= 5) {
      count -= 5;
      text += ALPHABET.charAt((bits >> count) & 31);
    }
    bits &= (1 << count) - 1;
  }
  return count === 0 ? text : text + ALPHABET.charAt((bits << (5 - count)) & 31);
}

function decodeBase32(symbols: string): Buffer {
  const bytes: number[] = [];
  let [bits, count] = [0, 0];
  for (const symbol of symbols) {
    const value = ALPHABET.indexOf(symbol.replace(/[il]/, '1').replace('o', '0'));
    if (value < 0) {
      throw new JoinTokenError('mistyped', `the token is mistyped: it cannot contain “${symbol}”`);
    }
    bits = (bits << 5) | value;
    count += 5;
    if (count >= 8) {
      count -= 8;
      bytes.push((bits >> count) & 255);
    }
    bits &= (1 << count) - 1;
  }
  // The last symbol is only partly used: the rest must be zero, so that every token has one spelling.
  if (bits !== 0) throw new JoinTokenError('mistyped', 'the token is mistyped at its end');
  return Buffer.from(bytes);
}
