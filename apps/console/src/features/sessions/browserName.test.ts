import { expect, it } from 'vitest';

import { browserName } from './browserName';

it.each([
  ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox on Linux'],
  [
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/141.0 Safari/537.36 Edg/141.0',
    'Edge on Windows',
  ],
  ['curl/8.9.1', 'curl'],
  ['', 'Unknown'],
])('calls %s %s', (agent, name) => {
  expect(browserName(agent)).toBe(name);
});
