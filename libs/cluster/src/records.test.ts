import { describe, expect, it } from 'vitest';
import {
  formatRecord,
  nodeRecordSchema,
  parseRecord,
  recordKeys,
  volumeIdOfKey,
  volumeRecordSchema,
  type VolumeRecord,
} from './records';

const item = (value: string) => ({
  key: '/cairn/vol/00000000000000000007',
  value,
  bytes: Buffer.from(value),
  createRevision: 1,
  modRevision: 1,
  lease: 0n,
});

const volume: VolumeRecord = {
  schema: 1,
  name: 'disk',
  externalId: null,
  sizeBytes: 1048576,
  storeId: '0b9c6a4e-6a35-4c07-9a4e-6d1a52f0a001',
  volumeEpoch: 3,
  ownerNodeId: null,
  ownerLife: null,
  readOnly: false,
  socketOwner: { uid: 200001, gid: 200001 },
  state: 'clean',
};

describe('records', () => {
  it('read back what was written', () => {
    expect(parseRecord(volumeRecordSchema, item(formatRecord(volume)))).toEqual(volume);
  });

  it.each([
    ['not JSON', '{'],
    ['a newer schema', JSON.stringify({ ...volume, schema: 2 })],
    ['a missing field', JSON.stringify({ ...volume, sizeBytes: undefined })],
    ['an epoch beyond 24 bits', JSON.stringify({ ...volume, volumeEpoch: 2 ** 24 })],
    ['an array', '[]'],
  ])('refuse %s as corrupt and name the key', (_, value) => {
    expect(() => parseRecord(volumeRecordSchema, item(value))).toThrow(
      expect.objectContaining({
        kind: 'corrupt',
        message: expect.stringContaining('/cairn/vol/00000000000000000007') as string,
      }) as Error,
    );
  });

  it('keep volume keys in the order of their numbers', () => {
    const keys = ['9', '10', '18446744073709551615'].map(recordKeys.volume);
    expect([...keys].sort()).toEqual(keys);
    expect(keys.map(volumeIdOfKey)).toEqual(['9', '10', '18446744073709551615']);
    expect(() => volumeIdOfKey('/cairn/vol/x')).toThrow(/damaged/);
  });

  it('refuse a node record without a start time', () => {
    expect(nodeRecordSchema.safeParse({ schema: 1, name: 'n', version: '1' }).success).toBe(false);
  });
});
