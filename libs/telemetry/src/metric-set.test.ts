import { describe, expect, it } from 'vitest';
import { catalogue } from './catalogue';
import { MetricSet } from './metric-set';

describe('the metric catalogue', () => {
  it.each(Object.entries(catalogue))(
    'names and explains %s as Prometheus expects',
    (name, metric) => {
      expect(name).toMatch(/^cairn_[a-z][a-z0-9_]*$/);
      expect(metric.help).toMatch(/\.$/);
      expect(name.endsWith('_total')).toBe(metric.type === 'counter');
      if (metric.type === 'histogram') expect(name).toMatch(/_seconds$/);
    },
  );
});

describe('MetricSet', () => {
  it('gives the same metric for the same name and exposes it', async () => {
    const metrics = new MetricSet();
    metrics.gauge('cairn_drive_up').set({ drive: 'd', path: '/dev/x' }, 1);
    metrics.gauge('cairn_drive_up').set({ drive: 'e', path: '/dev/y' }, 0);
    metrics.histogram('cairn_storage_io_seconds').observe({ op: 'read', tier: 'ssd' }, 0.0002);
    const { text, contentType } = await metrics.expose();
    expect(contentType).toContain('text/plain');
    expect(text).toContain('cairn_drive_up{drive="d",path="/dev/x"} 1');
    expect(text).toContain('cairn_storage_io_seconds_bucket{le="0.00025",op="read",tier="ssd"} 1');
  });

  it('shows counts that were made elsewhere as a histogram', async () => {
    const metrics = new MetricSet();
    const labels = { op: 'read', tier: 'a"b' };
    metrics.externalHistogram('cairn_storage_io_seconds', () =>
      Promise.resolve([{ labels, counts: [1, 2, 4], upperBounds: [0.001, 0.002], sum: 0.5 }]),
    );
    const { text } = await metrics.expose();
    const lines = text.split('\n').filter((line) => line.startsWith('cairn_storage_io_seconds'));
    expect(lines).toEqual([
      'cairn_storage_io_seconds_bucket{op="read",tier="a\\"b",le="0.001"} 1',
      'cairn_storage_io_seconds_bucket{op="read",tier="a\\"b",le="0.002"} 3',
      'cairn_storage_io_seconds_bucket{op="read",tier="a\\"b",le="+Inf"} 7',
      'cairn_storage_io_seconds_sum{op="read",tier="a\\"b"} 0.5',
      'cairn_storage_io_seconds_count{op="read",tier="a\\"b"} 7',
    ]);
  });

  it('keeps the metrics of two services apart', async () => {
    const [one, two] = [new MetricSet(), new MetricSet()];
    one.gauge('cairn_sse_clients').set(1);
    expect((await two.expose()).text).not.toContain('cairn_sse_clients');
  });
});
