import type { VmSample } from '@cairn/contracts';
import { expect, it } from 'vitest';

import { SampleStore, vmWindowSeconds } from './samples';

const sample = (changes: Partial<VmSample>): VmSample => ({
  cpuRatio: 0.5,
  memoryUsedBytes: null,
  diskReadBytesPerSecond: 0,
  diskWriteBytesPerSecond: 0,
  diskReadOpsPerSecond: 0,
  diskWriteOpsPerSecond: 0,
  diskReadLatencySeconds: null,
  diskWriteLatencySeconds: null,
  networkReceiveBytesPerSecond: 0,
  networkTransmitBytesPerSecond: 0,
  ...changes,
});

it('adds up the VMs of the same moment into one point', () => {
  const store = new SampleStore();
  store.add('a', 100, sample({ diskReadOpsPerSecond: 10, diskReadLatencySeconds: 0.001 }));
  store.add('b', 100.4, sample({ diskWriteOpsPerSecond: 30, diskWriteLatencySeconds: 0.002 }));
  expect(store.getLoad().opsPerSecond).toEqual([{ atSeconds: 100, value: 40 }]);
  expect(store.getLoad().latencySeconds[0]?.value).toBeCloseTo(0.00175);
});

it('does not count a VM that went silent', () => {
  const store = new SampleStore();
  store.add('gone', 100, sample({ diskReadOpsPerSecond: 10 }));
  store.add('here', 110, sample({ diskReadOpsPerSecond: 1 }));
  expect(store.getLoad().opsPerSecond.at(-1)?.value).toBe(1);
  expect(store.getSample('gone', 110)).toBeNull();
  expect(store.getSample('here', 110)?.diskReadOpsPerSecond).toBe(1);
});

it('keeps a bounded window, and leaves a gap where nothing was measured', () => {
  const store = new SampleStore();
  for (let at = 0; at <= vmWindowSeconds + 20; at += 2) store.add('a', at, sample({}));
  const series = store.getSeries('a');
  expect(series.cpuRatio?.[0]?.atSeconds).toBe(20);
  expect(series.memoryUsedBytes).toBeUndefined();
});
