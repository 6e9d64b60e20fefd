import { describe, expect, it } from 'vitest';
import { FakeKeyValueStore } from './fake-key-value-store';
import { keyValueContract } from './testing/key-value-contract';

keyValueContract('the fake', () => {
  const store = new FakeKeyValueStore();
  return Promise.resolve({
    store,
    dispose: () => {
      store.close();
      return Promise.resolve();
    },
  });
});

describe('FakeKeyValueStore', () => {
  it('fails as unavailable during a planned outage', async () => {
    const store = new FakeKeyValueStore();
    store.setOutage(true);
    await expect(store.get('/a')).rejects.toMatchObject({ kind: 'unavailable' });
    store.setOutage(false);
    expect(await store.get('/a')).toBeNull();
  });
});
