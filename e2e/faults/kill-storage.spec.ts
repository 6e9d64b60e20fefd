import { describe, expect, it } from 'vitest';
import { killLoop } from './kill-loop';

describe('a storage process that is killed while it writes', () => {
  it('loses no acknowledged write and invents none, over ten kills', async () => {
    const result = await killLoop({ count: 10, lifeMsMax: 400, writers: 16, seed: 1 });
    expect(result.violations).toEqual([]);
    expect(result.acknowledgedWrites).toBeGreaterThan(100);
  });
});
