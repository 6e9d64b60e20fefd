import { describe, expect, it } from 'vitest';
import { KeyedLock } from './keyed-lock';

describe('KeyedLock', () => {
  it('runs work of one key in order of arrival, one at a time', async () => {
    const lock = new KeyedLock();
    const seen: string[] = [];
    const work = (name: string) => () =>
      Promise.resolve()
        .then(() => seen.push(`${name} begins`))
        .then(() => seen.push(`${name} ends`));
    await Promise.all([lock.run('k', work('a')), lock.run('k', work('b'))]);
    expect(seen).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('does not let one key wait for another, nor a success for a failure', async () => {
    const lock = new KeyedLock();
    const never = lock.run('stuck', () => new Promise<never>(() => undefined));
    const failure = lock.run('k', () => Promise.reject(new Error('first')));
    const success = lock.run('k', () => Promise.resolve('second'));
    await expect(failure).rejects.toThrow('first');
    await expect(success).resolves.toBe('second');
    await expect(Promise.race([never, Promise.resolve('other')])).resolves.toBe('other');
  });
});
