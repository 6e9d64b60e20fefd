import { describe, expect, it } from 'vitest';
import { describeVerdict } from './acceleration';

describe('what the start says about acceleration', () => {
  it('names KVM only when it is usable', () => {
    expect(describeVerdict({ verdict: 'usable' })).toContain('hardware virtualisation');
  });

  it('says why guests are emulated', () => {
    const text = describeVerdict({
      verdict: 'unusable',
      reason: 'it runs 1 million loops a second',
    });
    expect(text).toMatch(/^software emulation.*unusable: it runs 1 million/);
  });
});
