import { expect, it } from 'vitest';

import { readVolumeSize } from './volumeSize';

const GIB = 2 ** 30;

it('reads a size and rounds it up to whole MiB', () => {
  expect(readVolumeSize('20 GiB')).toEqual({ kind: 'good', bytes: 20 * GIB });
  expect(readVolumeSize('1.0001 GiB')).toEqual({ kind: 'good', bytes: GIB + 2 ** 20 });
});

it('says what is wrong with a size', () => {
  expect(readVolumeSize('big')).toMatchObject({ kind: 'bad' });
  expect(readVolumeSize('100 TiB')).toEqual({ kind: 'bad', fault: 'The largest volume is 64 TiB' });
  expect(readVolumeSize('1 GiB', 2 * GIB)).toEqual({ kind: 'bad', fault: 'At least 2 GiB' });
});
