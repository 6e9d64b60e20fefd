import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { mix64, type U64 } from './mix64';
import { lnUnit, straw } from './straw';

const TWO_53 = 2 ** 53;
const seed = (kind: number, value: number): U64 => mix64({ hi: kind, lo: value });

function winner(pg: number, weights: readonly number[]): number {
  const straws = weights.map((weight, item) => straw(seed(1, pg), seed(2, item), weight));
  return straws.indexOf(Math.min(...straws));
}

describe('lnUnit', () => {
  it('is the logarithm within 4 units in the last place', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), (value) => {
        const expected = Math.log((value + 1) / TWO_53);
        const error = Math.abs(lnUnit(value + 1) - expected);
        expect(error).toBeLessThanOrEqual(4 * Number.EPSILON * Math.abs(expected));
      }),
      { numRuns: 5000 },
    );
  });

  it('is 0 at its upper end and -53 ln 2 at its lower one', () => {
    expect(lnUnit(TWO_53)).toBe(0);
    expect(lnUnit(1)).toBe(-53 * Math.LN2);
  });

  it('has these bits, here and on every other machine', () => {
    const bits = (value: number) => new BigUint64Array(new Float64Array([value]).buffer)[0];
    expect(bits(lnUnit(3))).toBe(0xc041d1b02751cfe1n);
    expect(bits(lnUnit(6_755_399_441_055_744))).toBe(0xbfd269621134db92n);
  });
});

describe('straw', () => {
  it('lets candidates win in proportion to their weights', () => {
    const weights = [1, 2, 3, 4];
    const wins = weights.map(() => 0);
    const draws = 40_000;
    for (let pg = 0; pg < draws; pg += 1) {
      const won = winner(pg, weights);
      wins[won] = (wins[won] ?? 0) + 1;
    }
    for (const [item, weight] of weights.entries()) {
      const expected = (draws * weight) / 10;
      // Five standard deviations of a binomial.
      expect(Math.abs((wins[item] ?? 0) - expected)).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('changes a choice only to a candidate that became heavier', () => {
    for (let pg = 0; pg < 2000; pg += 1) {
      const before = winner(pg, [1, 1, 1, 1]);
      const after = winner(pg, [1, 1, 1, 2]);
      if (after !== before) expect(after).toBe(3);
    }
  });
});
