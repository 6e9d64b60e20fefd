import { describe, expect, it } from 'vitest';
import { defaultDriveSizeBytes } from './default-drive';

const GIB = 1024 ** 3;

describe('the size of the first drive', () => {
  it.each([
    { freeGib: 1000, expectedGib: 64 },
    { freeGib: 40, expectedGib: 20 },
    { freeGib: 41.5, expectedGib: 20 },
    { freeGib: 4, expectedGib: 8 },
  ])('is $expectedGib GiB when $freeGib GiB are free', ({ freeGib, expectedGib }) => {
    expect(defaultDriveSizeBytes(freeGib * GIB)).toBe(expectedGib * GIB);
  });
});
