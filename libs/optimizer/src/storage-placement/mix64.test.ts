import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { hashText, mix64, u64Of, type U64 } from './mix64';
import vectors from './test-vectors.json';

const MASK = (1n << 64n) - 1n;

/** The same function in plain big integers. */
function mix64OfBigInt(value: bigint): bigint {
  const start = (value + 0x9e3779b97f4a7c15n) & MASK;
  const first = ((start ^ (start >> 30n)) * 0xbf58476d1ce4e5b9n) & MASK;
  const second = ((first ^ (first >> 27n)) * 0x94d049bb133111ebn) & MASK;
  return second ^ (second >> 31n);
}

const bigIntOf = ({ hi, lo }: U64) => (BigInt(hi) << 32n) | BigInt(lo);

describe('mix64', () => {
  it('is one step of SplitMix64 for every 64-bit value', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: MASK }), (value) => {
        expect(bigIntOf(mix64(u64Of(value)))).toBe(mix64OfBigInt(value));
      }),
      { numRuns: 2000 },
    );
  });

  it.each(vectors.mix64)('gives $mix64 for $value, as the engine does', (vector) => {
    const hash = bigIntOf(mix64(u64Of(BigInt(vector.value))));
    expect(hash.toString(16).padStart(16, '0')).toBe(vector.mix64);
  });

  it('takes whole numbers above 2^32 as well', () => {
    expect(u64Of(0x1_2345_6789)).toEqual({ hi: 1, lo: 0x2345_6789 });
  });
});

describe('hashText', () => {
  it('gives different hashes to names that differ in one letter', () => {
    const names = ['node:a', 'node:b', 'rack:a', 'node:aa', ''];
    expect(new Set(names.map((name) => bigIntOf(hashText(name)))).size).toBe(names.length);
  });
});
