import { describe, expect, it } from 'vitest';
import fc from 'fast-check';
import { rebuildEta } from './rebuild-eta';

describe('rebuildEta', () => {
  it('is remaining bytes over a steady rate, without doubt', () => {
    const eta = rebuildEta([{ remainingBytes: 1000, rates: [10, 10, 10] }]);
    expect(eta?.seconds).toBeCloseTo(100, 9);
    expect(eta?.earliestSeconds).toBeCloseTo(100, 9);
    expect(eta?.latestSeconds).toBeCloseTo(100, 9);
  });

  it('follows the slowest store', () => {
    const lanes = [
      { remainingBytes: 1000, rates: [100] },
      { remainingBytes: 500, rates: [1] },
    ];
    expect(rebuildEta(lanes)?.seconds).toBe(500);
  });

  it('trusts newer windows more', () => {
    const faster = rebuildEta([{ remainingBytes: 1000, rates: [10, 20] }])?.seconds ?? 0;
    const slower = rebuildEta([{ remainingBytes: 1000, rates: [20, 10] }])?.seconds ?? 0;
    expect(faster).toBeLessThan(slower);
  });

  it('is unknown before the first byte, and 0 when nothing is left', () => {
    expect(rebuildEta([{ remainingBytes: 1, rates: [] }])).toBeUndefined();
    expect(rebuildEta([{ remainingBytes: 1, rates: [0, 0] }])).toBeUndefined();
    expect(rebuildEta([{ remainingBytes: 0, rates: [] }])?.seconds).toBe(0);
    expect(rebuildEta([])?.seconds).toBe(0);
  });

  it('lies within its own interval', () => {
    const lane = fc.record({
      remainingBytes: fc.integer({ min: 0, max: 2 ** 40 }),
      rates: fc.array(fc.integer({ min: 0, max: 2 ** 30 }), { minLength: 1, maxLength: 12 }),
    });
    fc.assert(
      fc.property(fc.array(lane, { maxLength: 6 }), (lanes) => {
        const eta = rebuildEta(lanes);
        if (eta === undefined) return;
        expect(eta.earliestSeconds).toBeLessThanOrEqual(eta.seconds);
        expect(eta.latestSeconds).toBeGreaterThanOrEqual(eta.seconds);
      }),
    );
  });
});
