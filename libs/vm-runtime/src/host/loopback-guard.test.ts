import { expect, it } from 'vitest';
import { loopbackRules } from './loopback-guard';

it('refuses what guests begin on the loopback, and nothing else', () => {
  const rules = loopbackRules(200_000, 265_535).split('\n');
  const refusing = rules.filter((rule) => rule.includes('reject'));
  expect(refusing).toHaveLength(2);
  for (const rule of refusing) expect(rule).toMatch(/skuid 200000-265535 oifname "lo"/);
  expect(rules).toContain('    type filter hook output priority 0; policy accept;');
});
