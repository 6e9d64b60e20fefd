import { describe, expect, it } from 'vitest';
import { fioVerifyLoop } from './fio-verify';

describe('an engine that is killed under fio --verify', () => {
  it('has every block that fio was told is written, over three kills', async () => {
    const result = await fioVerifyLoop({ kills: 3, seed: 1, queueDepth: 16 });
    expect(result.errors).toEqual([]);
    expect(result.blocksVerified).toBeGreaterThan(1000);
    expect(result.blocksVerified).toBeLessThanOrEqual(result.writesIssued);
  });
});
