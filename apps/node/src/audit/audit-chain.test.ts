import type { AuditRow } from '@cairn/persistence';
import { describe, expect, it } from 'vitest';
import { auditHash, canonicalJson, firstBrokenEntry, GENESIS_HASH } from './audit-chain';

function chainOf(length: number): AuditRow[] {
  const rows: AuditRow[] = [];
  for (let sequence = 1; sequence <= length; sequence += 1) {
    const content = {
      sequence,
      at: new Date(sequence * 1000),
      actorId: null,
      actorName: 'admin',
      client: 'test',
      ip: '127.0.0.1',
      action: 'deleteVm',
      resourceKind: 'VMs',
      resourceId: String(sequence),
      result: 'success',
      code: null,
      requestId: null,
      detail: null,
      prevHash: rows.at(-1)?.hash ?? GENESIS_HASH,
    } as const;
    rows.push({ ...content, hash: auditHash(content) });
  }
  return rows;
}

describe('the audit chain', () => {
  it('is whole when nobody touched it', () => {
    expect(firstBrokenEntry(chainOf(5))).toBeNull();
  });

  it('tells where an entry was changed or removed', () => {
    const rows = chainOf(5);
    const changed = rows.map((row) => (row.sequence === 3 ? { ...row, actorName: 'eve' } : row));
    expect(firstBrokenEntry(changed)).toBe(3);
    expect(firstBrokenEntry(rows.filter((row) => row.sequence !== 2))).toBe(3);
  });

  it('does not depend on the order of keys', () => {
    expect(canonicalJson({ b: 1, a: [{ d: null, c: 'x' }] })).toBe(
      '{"a":[{"c":"x","d":null}],"b":1}',
    );
  });
});
