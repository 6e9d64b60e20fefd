import { describe, expect, it } from 'vitest';
import { StorageError } from './errors';
import { FakeStorage } from './fake-storage';
import { describeStorage } from './testing/storage.contract';

describeStorage('FakeStorage', async () => ({
  storage: new FakeStorage(),
  drive: { path: '/dev/fake0' },
  dispose: async () => undefined,
}));

describe('FakeStorage', () => {
  it('fails every call while it is told to be away', async () => {
    const storage = new FakeStorage();
    storage.failure = new StorageError('unavailable', 'gone');
    await expect(storage.status()).rejects.toMatchObject({ kind: 'unavailable' });
    await expect(storage.volumes()).rejects.toMatchObject({ kind: 'unavailable' });
    storage.failure = null;
    expect(await storage.volumes()).toEqual([]);
  });
});
