import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { domainShares } from './shares';

const sharesOf = (weights: readonly number[], replicas: number) => [
  ...domainShares(
    weights.map((weight) => ({ weight })),
    { pgCount: 100, copies: 100 * replicas },
  ),
];

describe('domainShares', () => {
  it('follows the weights where no domain is too heavy', () => {
    expect(sharesOf([1, 1, 2], 2)).toEqual([50, 50, 100]);
    expect(sharesOf([3, 1, 1, 1], 1)[0]).toBe(50);
    expect(sharesOf([3, 1, 1, 1], 1)[3]).toBeCloseTo(100 / 6, 9);
  });

  it('holds a heavy domain to one copy of each group and gives the rest to the others', () => {
    expect(sharesOf([10, 1, 1], 2)).toEqual([100, 50, 50]);
    expect(sharesOf([10, 5, 1, 1], 3)).toEqual([100, 100, 50, 50]);
  });

  it('adds up to all copies, or to one per domain where domains are short', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1, max: 3 }),
        (weights, replicas) => {
          const shares = sharesOf(weights, replicas);
          const total = shares.reduce((sum, share) => sum + share, 0);
          expect(total).toBeCloseTo(100 * Math.min(replicas, weights.length), 6);
          expect(Math.max(...shares)).toBeLessThanOrEqual(100);
        },
      ),
    );
  });
});
