/**
 * Weighted pseudo-random choice with little movement: straw2 (Weil's CRUSH; Ceph, 2015).
 *
 * Every candidate draws a straw, `-ln(u) / weight` with u uniform in (0, 1] from the hash of PG and
 * candidate, and the shortest wins: candidate i wins with probability weight_i / sum, and a straw
 * depends on its own candidate alone. So a candidate that is added, removed or weighed anew changes
 * only the choices that it wins or loses. The n shortest straws are n choices without replacement.
 *
 * A draw is the same bits on every machine: u has 53 bits of the hash, and `lnUnit` uses only
 * additions, multiplications and divisions of IEEE 754, which leave no freedom; `Math.log` does.
 */
import { mix64, type U64 } from './mix64';

const TWO_21 = 0x20_0000;
const TWO_32 = 0x1_0000_0000;
const MANTISSA_BITS = 53;
const SQRT_2 = Math.SQRT2;
/** The terms of atanh(s)/s in s² up to s^20; |s| < 0.1716, so the rest is below 1e-17. */
const ATANH_TERMS = [1 / 21, 1 / 19, 1 / 17, 1 / 15, 1 / 13, 1 / 11, 1 / 9, 1 / 7, 1 / 5, 1 / 3, 1];
const POWERS = Array.from({ length: MANTISSA_BITS + 1 }, (_, exponent) => 2 ** exponent);

/** The straw of a candidate for a PG; the shortest wins. `weight` must be above 0. */
export function straw(pgSeed: U64, candidateSeed: U64, weight: number): number {
  const { hi, lo } = mix64({ hi: pgSeed.hi ^ candidateSeed.hi, lo: pgSeed.lo ^ candidateSeed.lo });
  return -lnUnit(hi * TWO_21 + (lo >>> 11) + 1) / weight;
}

/** ln(n / 2^53) for an integer n in [1, 2^53]; relative error below 4 units in the last place. */
export function lnUnit(n: number): number {
  const high = Math.floor(n / TWO_32);
  const log2 = high > 0 ? 63 - Math.clz32(high) : 31 - Math.clz32(n);
  let exponent = log2 - MANTISSA_BITS;
  let mantissa = n / (POWERS[log2] ?? 1);
  if (mantissa > SQRT_2) {
    mantissa /= 2;
    exponent += 1;
  }
  const s = (mantissa - 1) / (mantissa + 1);
  const square = s * s;
  let sum = 0;
  for (const term of ATANH_TERMS) sum = sum * square + term;
  return exponent * Math.LN2 + 2 * s * sum;
}
