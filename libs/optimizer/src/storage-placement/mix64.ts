/**
 * A well-mixed 64-bit hash, the same on every machine and in the C++ engine.
 *
 * It is one step of SplitMix64 from the state x (Steele, Lea, Flood: "Fast splittable pseudorandom
 * number generators", OOPSLA 2014; the multipliers are Stafford's variant 13), on unsigned 64-bit
 * integers:
 *
 *     x += 0x9e3779b97f4a7c15;
 *     x ^= x >> 30;  x *= 0xbf58476d1ce4e5b9;
 *     x ^= x >> 27;  x *= 0x94d049bb133111eb;
 *     x ^= x >> 31;
 *
 * It is a bijection. JavaScript has no fast 64-bit integers, so a number is two 32-bit halves here;
 * `test-vectors.json` holds what other implementations must agree with.
 */

/** An unsigned 64-bit integer as two unsigned 32-bit halves. */
export interface U64 {
  readonly hi: number;
  readonly lo: number;
}

const INCREMENT: U64 = { hi: 0x9e3779b9, lo: 0x7f4a7c15 };
const FACTOR_1: U64 = { hi: 0xbf58476d, lo: 0x1ce4e5b9 };
const FACTOR_2: U64 = { hi: 0x94d049bb, lo: 0x133111eb };

export function mix64(value: U64): U64 {
  const { hi, lo } = plus(value, INCREMENT);
  const first = times({ hi: hi ^ (hi >>> 30), lo: lo ^ ((lo >>> 30) | (hi << 2)) }, FACTOR_1);
  const second = times(
    { hi: first.hi ^ (first.hi >>> 27), lo: first.lo ^ ((first.lo >>> 27) | (first.hi << 5)) },
    FACTOR_2,
  );
  return {
    hi: (second.hi ^ (second.hi >>> 31)) >>> 0,
    lo: (second.lo ^ ((second.lo >>> 31) | (second.hi << 1))) >>> 0,
  };
}

/** The hash of two hashes; the order counts. */
export function mixPair(first: U64, second: U64): U64 {
  const { hi, lo } = mix64(first);
  return mix64({ hi: hi ^ second.hi, lo: lo ^ second.lo });
}

/** The low 64 bits of a non-negative integer. */
export function u64Of(value: bigint | number): U64 {
  if (typeof value === 'number') {
    return { hi: Math.floor(value / 0x1_0000_0000) >>> 0, lo: value >>> 0 };
  }
  return { hi: Number((value >> 32n) & 0xffff_ffffn), lo: Number(value & 0xffff_ffffn) };
}

/** A hash of text: FNV-1a over its UTF-16 code units, 64 bits, then mixed. */
export function hashText(text: string): U64 {
  let hash: U64 = { hi: 0xcbf29ce4, lo: 0x84222325 };
  for (let index = 0; index < text.length; index += 1) {
    hash = times({ hi: hash.hi, lo: hash.lo ^ text.charCodeAt(index) }, { hi: 0x100, lo: 0x1b3 });
  }
  return mix64(hash);
}

/** The sum modulo 2^64. */
function plus(a: U64, b: U64): U64 {
  const lo = (a.lo >>> 0) + b.lo;
  return { hi: (a.hi + b.hi + (lo > 0xffff_ffff ? 1 : 0)) >>> 0, lo: lo >>> 0 };
}

/** The product modulo 2^64. */
function times(a: U64, b: U64): U64 {
  const a0 = a.lo & 0xffff;
  const a1 = a.lo >>> 16;
  const b0 = b.lo & 0xffff;
  const b1 = b.lo >>> 16;
  const middle = a1 * b0 + ((a0 * b0) >>> 16);
  const carry = a1 * b1 + (middle >>> 16) + ((a0 * b1 + (middle & 0xffff)) >>> 16);
  return {
    hi: (carry + Math.imul(a.hi, b.lo) + Math.imul(a.lo, b.hi)) >>> 0,
    lo: Math.imul(a.lo, b.lo) >>> 0,
  };
}
