import { describe, expect, it } from 'vitest';
import { Gate } from '../tasks/gate';
import { KeyedQueue, QueueFullError } from './keyed-queue';

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a keyed queue', () => {
  it('runs the same key in order and different keys side by side', async () => {
    const queue = new KeyedQueue();
    const seen: string[] = [];
    const work = (name: string) => async (): Promise<void> => {
      seen.push(`${name} begins`);
      await turn();
      seen.push(`${name} ends`);
    };
    await Promise.all([
      queue.run('a', work('a1')),
      queue.run('a', work('a2')),
      queue.run('b', work('b1')),
    ]);
    expect(seen.indexOf('a1 ends')).toBeLessThan(seen.indexOf('a2 begins'));
    expect(seen.indexOf('b1 begins')).toBeLessThan(seen.indexOf('a1 ends'));
    expect(queue.isIdle('a')).toBe(true);
  });

  it('goes on after work that failed', async () => {
    const queue = new KeyedQueue();
    const failing = queue.run('a', async () => Promise.reject(new Error('no')));
    const next = queue.run('a', async () => Promise.resolve('yes'));
    await expect(failing).rejects.toThrow('no');
    expect(await next).toBe('yes');
  });

  it('refuses more than its bound', async () => {
    const queue = new KeyedQueue(1);
    const first = queue.run('a', turn);
    await expect(queue.run('a', turn)).rejects.toBeInstanceOf(QueueFullError);
    await first;
  });
});

describe('a gate', () => {
  it('lets no more than its limit run at once', async () => {
    const gate = new Gate(2);
    let running = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await turn();
      running -= 1;
    };
    await Promise.all(Array.from({ length: 9 }, async () => gate.run(work)));
    expect(most).toBe(2);
  });
});
