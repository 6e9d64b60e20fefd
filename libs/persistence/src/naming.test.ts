import { describe, expect, it } from 'vitest';
import { safeInteger } from './columns';
import { PostgresNamingStrategy, toSnakeCase } from './naming';

describe('database names', () => {
  it('are snake case', () => {
    expect(toSnakeCase('memoryBytes')).toBe('memory_bytes');
    expect(toSnakeCase('lastSeenAt')).toBe('last_seen_at');
    expect(toSnakeCase('id')).toBe('id');
  });

  it("follow PostgreSQL's own suffixes", () => {
    const strategy = new PostgresNamingStrategy();
    expect(strategy.primaryKeyName('public.vms')).toBe('vms_pkey');
    expect(strategy.uniqueConstraintName('vm_disks', ['vm_id', 'slot'])).toBe(
      'vm_disks_vm_id_slot_key',
    );
    expect(strategy.foreignKeyName('media', ['volume_id'])).toBe('media_volume_id_fkey');
  });
});

describe('an int8 column', () => {
  it('becomes a number', () => {
    expect(safeInteger.from('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    expect(safeInteger.from(null)).toBeNull();
  });

  it('is never rounded', () => {
    expect(() => void safeInteger.from('9007199254740993')).toThrow(RangeError);
  });
});
