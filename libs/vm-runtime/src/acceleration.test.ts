import { describe, expect, it } from 'vitest';
import { probeAcceleration, readProbe } from './acceleration';

describe('the KVM self-test', () => {
  it('takes KVM only when it is usable', () => {
    const answer = { reason: 'x', rateMillionPerSecond: 1500, elapsedMs: 60 };
    for (const [verdict, accelerator] of [
      ['usable', 'kvm'],
      ['degraded', 'tcg'],
      ['unusable', 'tcg'],
      ['absent', 'tcg'],
    ]) {
      const stdout = JSON.stringify({ verdict, ...answer });
      expect(readProbe({ stdout, failure: null })).toMatchObject({ verdict, accelerator });
    }
  });

  it('distrusts a probe that answers nonsense', () => {
    for (const stdout of ['', 'x', '{}', '{"verdict":"great"}']) {
      const report = readProbe({ stdout, failure: null });
      expect(report).toMatchObject({ verdict: 'unusable', accelerator: 'tcg' });
    }
  });

  it('says so when the probe cannot run', async () => {
    const report = await probeAcceleration({ programsDir: '/nonexistent' });
    expect(report.reason).toContain('ENOENT');
  });
});
