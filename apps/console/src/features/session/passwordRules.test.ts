import { expect, it } from 'vitest';

import { passwordFault } from './passwordRules';

const good = { current: 'one-time', next: 'correct horse', repeated: 'correct horse' };

it('accepts a long enough, new and repeated password', () => {
  expect(passwordFault(good)).toBeNull();
});

it('names the first thing that is wrong', () => {
  expect(passwordFault({ ...good, current: '' })).toContain('present');
  expect(passwordFault({ ...good, next: 'short' })).toContain('12');
  expect(passwordFault({ ...good, next: 'x'.repeat(300) })).toContain('256');
  expect(passwordFault({ ...good, repeated: 'other' })).toContain('repetition');
  const same = { current: 'correct horse', next: 'correct horse', repeated: 'correct horse' };
  expect(passwordFault(same)).toContain('differ');
});
