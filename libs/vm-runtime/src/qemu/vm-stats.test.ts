import { describe, expect, it } from 'vitest';
import { cpuSecondsOf, diskStats } from './vm-stats';

const stats = {
  rd_bytes: 1,
  wr_bytes: 2,
  rd_operations: 3,
  wr_operations: 4,
  flush_operations: 5,
  rd_total_time_ns: 6e9,
  wr_total_time_ns: 7e9,
  flush_total_time_ns: 8e9,
  failed_rd_operations: 1,
  failed_wr_operations: 1,
  failed_flush_operations: 0,
};

describe('the statistics of a VM', () => {
  it('finds a disk by its device, whatever the bus calls it', () => {
    const path = '/machine/peripheral/dev-root/virtio-backend';
    expect(diskStats('root', [{ stats }, { qdev: path, stats }])).toEqual({
      id: 'root',
      readBytes: 1,
      writeBytes: 2,
      readOps: 3,
      writeOps: 4,
      flushOps: 5,
      readSeconds: 6,
      writeSeconds: 7,
      flushSeconds: 8,
      failedOps: 2,
    });
    const sata = [{ qdev: 'dev-root', stats }];
    expect(diskStats('root', sata).readOps).toBe(3);
    expect(diskStats('roo', sata).readOps).toBe(0);
  });

  it('reads the CPU time of a process with any name', () => {
    const stat = '42 (CPU 0) (x) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0 20 0 1 0 1 1 1';
    expect(cpuSecondsOf(stat)).toBe(2);
  });
});
