import { expect, it } from 'vitest';

import { afterLoss, reconnectAttemptsMax, reconnectDelayMs } from './connection';

it('waits longer after each failure, up to eight seconds', () => {
  expect([1, 2, 3, 4, 5, 6, 50].map(reconnectDelayMs)).toEqual([
    500, 1000, 2000, 4000, 8000, 8000, 8000,
  ]);
});

it('tries again after a loss, and asks the person after too many', () => {
  expect(afterLoss(0, 'lost')).toEqual({ kind: 'waiting', attempt: 1, reason: 'lost' });
  expect(afterLoss(reconnectAttemptsMax, 'lost')).toEqual({ kind: 'closed', reason: 'lost' });
});
