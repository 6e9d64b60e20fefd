// The arithmetic of the audit log: each entry's hash covers its content and the hash before it, so
// that a removed or altered entry breaks every later one. Pure.
import { createHash } from 'node:crypto';
import type { AuditRow } from '@cairn/persistence';

export const GENESIS_HASH = '0'.repeat(64);

export type AuditContent = Omit<AuditRow, 'hash'>;

/** JSON with sorted keys: PostgreSQL's jsonb does not keep their order. */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value instanceof Date) return JSON.stringify(value.toISOString());
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}

export function auditHash(content: AuditContent): string {
  return createHash('sha256').update(canonicalJson(content)).digest('hex');
}

/** The sequence of the first entry that does not fit its predecessor; null when all do. */
export function firstBrokenEntry(
  entries: readonly AuditRow[],
  prevHash = GENESIS_HASH,
): number | null {
  let expected = prevHash;
  for (const { hash, ...content } of entries) {
    if (content.prevHash !== expected || auditHash(content) !== hash) return content.sequence;
    expected = hash;
  }
  return null;
}
