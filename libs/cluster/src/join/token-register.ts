/**
 * TokenRegister: which join tokens are good, in etcd. Only hashes are kept.
 *
 *     /cairn/join-token/<hash of the secret>   TokenRecord
 *
 * A token is redeemed by a compare-and-swap that binds it to the public key of the first who shows it; later attempts with
 * the same key give the same answer, because an answer may be lost, and any other key is refused for ever.
 */
import { z } from 'zod';
import { ClusterError, type CallOptions, type KeyValueStore } from '../key-value-store';
import { formatRecord, parseRecord } from '../records';
import { hashOfSecret } from './join-token';

export const JOIN_TOKEN_PREFIX = '/cairn/join-token/';
const TOKENS_MAX = 100;
const CONFLICTS_MAX = 16;

const tokenRecordSchema = z.object({
  schema: z.literal(1),
  /** Names the token to people; says nothing of the secret. */
  id: z.guid(),
  createdAt: z.iso.datetime(),
  expiresAt: z.iso.datetime(),
  /** Whoever shows the token in time is let in without being asked about. */
  approved: z.boolean(),
  redeemedBy: z
    .object({ nodeId: z.guid(), keyFingerprint: z.string().regex(/^[0-9a-f]{64}$/) })
    .nullable(),
});
export type TokenRecord = z.infer<typeof tokenRecordSchema>;

export interface Joiner {
  readonly nodeId: string;
  /** SHA-256 of the joiner's public key. */
  readonly keyFingerprint: string;
}

export type Redemption =
  | { readonly kind: 'redeemed'; readonly token: TokenRecord }
  | { readonly kind: 'refused'; readonly reason: 'unknown' | 'expired' | 'used' };

export class TokenRegister {
  constructor(private readonly store: KeyValueStore) {}

  /** Makes a token valid until `expiresAt`, and forgets expired ones. */
  async add(
    request: {
      readonly id: string;
      readonly secret: Buffer;
      readonly expiresAt: Date;
      readonly approved: boolean;
      readonly now: Date;
    },
    options: CallOptions = {},
  ): Promise<TokenRecord> {
    const { id, secret, expiresAt, approved, now } = request;
    const known = await this.sweep(now, options);
    if (known >= TOKENS_MAX) throw new ClusterError('refused', 'too many join tokens are open');
    const record: TokenRecord = {
      schema: 1,
      id,
      createdAt: now.toISOString(),
      expiresAt: expiresAt.toISOString(),
      approved,
      redeemedBy: null,
    };
    const key = keyOf(secret);
    const { committed } = await this.store.transact(
      {
        compare: [{ key, modRevision: 0 }],
        then: [{ kind: 'put', key, value: formatRecord(record) }],
      },
      options,
    );
    if (!committed) throw new ClusterError('refused', 'this join token exists already');
    return record;
  }

  /** Binds the token to the joiner, unless another was first. Repeating it for the same joiner is safe. */
  async redeem(
    request: { readonly secret: Buffer; readonly joiner: Joiner; readonly now: Date },
    options: CallOptions = {},
  ): Promise<Redemption> {
    const { secret, joiner, now } = request;
    const key = keyOf(secret);
    for (let attempt = 0; attempt < CONFLICTS_MAX; attempt += 1) {
      const item = await this.store.get(key, options);
      if (item === null) return { kind: 'refused', reason: 'unknown' };
      const token = parseRecord(tokenRecordSchema, item);
      // Who was let in before the expiry may ask for the answer again after it.
      if (token.redeemedBy !== null) {
        const same =
          token.redeemedBy.nodeId === joiner.nodeId &&
          token.redeemedBy.keyFingerprint === joiner.keyFingerprint;
        return same ? { kind: 'redeemed', token } : { kind: 'refused', reason: 'used' };
      }
      if (now.getTime() >= Date.parse(token.expiresAt)) {
        return { kind: 'refused', reason: 'expired' };
      }
      const redeemed: TokenRecord = { ...token, redeemedBy: joiner };
      const { committed } = await this.store.transact(
        {
          compare: [{ key, modRevision: item.modRevision }],
          then: [{ kind: 'put', key, value: formatRecord(redeemed) }],
        },
        options,
      );
      if (committed) return { kind: 'redeemed', token: redeemed };
    }
    throw new ClusterError('unavailable', 'the join token was changed too often');
  }

  async list(options: CallOptions = {}): Promise<readonly TokenRecord[]> {
    const { items } = await this.store.list(JOIN_TOKEN_PREFIX, options);
    return items.map((item) => parseRecord(tokenRecordSchema, item));
  }

  /** Takes a token back; one that was redeemed stays used. True if there was such a token. */
  async revoke(id: string, options: CallOptions = {}): Promise<boolean> {
    const { items } = await this.store.list(JOIN_TOKEN_PREFIX, options);
    const item = items.find((each) => parseRecord(tokenRecordSchema, each).id === id);
    if (item === undefined) return false;
    const { committed } = await this.store.transact(
      {
        compare: [{ key: item.key, modRevision: item.modRevision }],
        then: [{ kind: 'delete', key: item.key }],
      },
      options,
    );
    return committed;
  }

  /** Forgets what expired; gives how many are left. */
  private async sweep(now: Date, options: CallOptions): Promise<number> {
    const { items } = await this.store.list(JOIN_TOKEN_PREFIX, options);
    const expired = items.filter(
      (item) => Date.parse(parseRecord(tokenRecordSchema, item).expiresAt) <= now.getTime(),
    );
    for (const { key, modRevision } of expired) {
      await this.store.transact(
        { compare: [{ key, modRevision }], then: [{ kind: 'delete', key }] },
        options,
      );
    }
    return items.length - expired.length;
  }
}

function keyOf(secret: Buffer): string {
  return `${JOIN_TOKEN_PREFIX}${hashOfSecret(secret)}`;
}
