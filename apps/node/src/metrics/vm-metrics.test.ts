import type { VmStats } from '@cairn/vm-runtime';
import { describe, expect, it } from 'vitest';
import { joined } from './metrics.controller';
import { VmHistory } from './vm-history';
import { vmSampleOf } from './vm-rates';

function statsAt(seconds: number, cpuSeconds: number, readOps: number): VmStats {
  return {
    takenAt: new Date(seconds * 1000),
    cpu: { seconds: cpuSeconds, waitSeconds: 0, vcpus: 2 },
    memory: {
      configuredBytes: 100,
      residentBytes: 60,
      guestTotalBytes: null,
      guestAvailableBytes: null,
    },
    disks: [
      {
        id: 'd',
        readBytes: readOps * 4096,
        writeBytes: 0,
        readOps,
        writeOps: 0,
        flushOps: 0,
        readSeconds: readOps * 0.001,
        writeSeconds: 0,
        flushSeconds: 0,
        failedOps: 0,
      },
    ],
    nics: [
      {
        id: 'n',
        receiveBytes: null,
        transmitBytes: null,
        receivePackets: null,
        transmitPackets: null,
      },
    ],
  };
}

describe('the rates of a VM', () => {
  it('come from two looks at its counters', () => {
    const sample = vmSampleOf(statsAt(10, 4, 100), statsAt(15, 9, 600));
    expect(sample).toMatchObject({
      cpuRatio: 0.5,
      memoryUsedBytes: 60,
      diskReadOpsPerSecond: 100,
      diskReadBytesPerSecond: 409_600,
      diskWriteOpsPerSecond: 0,
      diskWriteLatencySeconds: null,
      networkReceiveBytesPerSecond: null,
    });
    expect(sample.diskReadLatencySeconds).toBeCloseTo(0.001);
  });

  it('are unknown at first, and after the counters went back', () => {
    expect(vmSampleOf(null, statsAt(15, 9, 600)).cpuRatio).toBeNull();
    expect(vmSampleOf(statsAt(10, 400, 1), statsAt(15, 1, 1)).cpuRatio).toBeNull();
  });
});

describe('the history of a VM', () => {
  const sample = vmSampleOf(statsAt(10, 4, 100), statsAt(15, 9, 600));

  it('shows what was measured and null where nothing was', () => {
    const history = new VmHistory();
    history.add('x', new Date(1_000_000), sample);
    const { series, timestamps, stepSeconds } = history.series('x', '10m', new Date(1_000_000));
    expect(stepSeconds).toBe(5);
    expect(timestamps).toHaveLength(120);
    expect(timestamps.at(-1)).toBe(1_000);
    expect(series.cpuRatio.at(-1)).toBeCloseTo(0.5);
    expect(series.cpuRatio.at(-2)).toBeNull();
  });

  it('forgets what is older than its rings', () => {
    const history = new VmHistory();
    history.add('x', new Date(0), sample);
    history.add('x', new Date(3_600_000), sample);
    const { series } = history.series('x', '1h', new Date(3_600_000));
    expect(series.cpuRatio.filter((value) => value !== null)).toHaveLength(1);
  });

  it('averages into minutes for the long ranges', () => {
    const history = new VmHistory();
    for (let second = 0; second < 60; second += 5) {
      history.add('x', new Date(second * 1000), { ...sample, cpuRatio: second / 60 });
    }
    const day = history.series('x', '24h', new Date(59_000));
    expect(day.timestamps.length).toBeLessThanOrEqual(720);
    expect(day.series.cpuRatio.at(-1)).toBeCloseTo(27.5 / 60);
  });
});

describe('the exposition', () => {
  it('describes a family once when two services have it', () => {
    const family = '# HELP a Help.\n# TYPE a gauge\n';
    expect(joined(`${family}a{service="x"} 1\n`, `${family}a{service="y"} 2\n`)).toBe(
      `${family}a{service="x"} 1\na{service="y"} 2\n`,
    );
  });
});
