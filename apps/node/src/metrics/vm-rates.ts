// From QEMU's rising counters to rates. Pure.
import type { VmSample } from '@cairn/contracts';
import type { VmStats } from '@cairn/vm-runtime';

type DiskCounter =
  'readBytes' | 'writeBytes' | 'readOps' | 'writeOps' | 'readSeconds' | 'writeSeconds';

/**
 * The rates between two looks at the same QEMU process. Null figures where a counter is missing
 * or went back (the guest was restarted in between).
 */
export function vmSampleOf(before: VmStats | null, now: VmStats): VmSample {
  const memoryUsedBytes = memoryUsed(now);
  const seconds = before === null ? 0 : (now.takenAt.getTime() - before.takenAt.getTime()) / 1000;
  if (before === null || seconds <= 0 || now.cpu.seconds < before.cpu.seconds) {
    return { ...EMPTY, memoryUsedBytes };
  }
  const rise = (counter: DiskCounter): number => diskSum(now, counter) - diskSum(before, counter);
  const perSecond = (counter: DiskCounter): number => Math.max(0, rise(counter)) / seconds;
  const latency = (total: DiskCounter, ops: DiskCounter): number | null =>
    rise(ops) > 0 ? Math.max(0, rise(total)) / rise(ops) : null;
  return {
    cpuRatio: Math.min(1, (now.cpu.seconds - before.cpu.seconds) / seconds / now.cpu.vcpus),
    memoryUsedBytes,
    diskReadBytesPerSecond: perSecond('readBytes'),
    diskWriteBytesPerSecond: perSecond('writeBytes'),
    diskReadOpsPerSecond: perSecond('readOps'),
    diskWriteOpsPerSecond: perSecond('writeOps'),
    diskReadLatencySeconds: latency('readSeconds', 'readOps'),
    diskWriteLatencySeconds: latency('writeSeconds', 'writeOps'),
    networkReceiveBytesPerSecond: networkRate(before, now, 'receiveBytes', seconds),
    networkTransmitBytesPerSecond: networkRate(before, now, 'transmitBytes', seconds),
  };
}

const EMPTY: VmSample = {
  cpuRatio: null,
  memoryUsedBytes: null,
  diskReadBytesPerSecond: null,
  diskWriteBytesPerSecond: null,
  diskReadOpsPerSecond: null,
  diskWriteOpsPerSecond: null,
  diskReadLatencySeconds: null,
  diskWriteLatencySeconds: null,
  networkReceiveBytesPerSecond: null,
  networkTransmitBytesPerSecond: null,
};

/** What the guest uses when it tells; what QEMU holds otherwise. */
function memoryUsed({ memory }: VmStats): number {
  const { guestTotalBytes, guestAvailableBytes, residentBytes } = memory;
  if (guestTotalBytes === null || guestAvailableBytes === null) return residentBytes;
  return Math.max(0, guestTotalBytes - guestAvailableBytes);
}

function diskSum(stats: VmStats, counter: DiskCounter): number {
  return stats.disks.reduce((sum, disk) => sum + disk[counter], 0);
}

function networkRate(
  before: VmStats,
  now: VmStats,
  counter: 'receiveBytes' | 'transmitBytes',
  seconds: number,
): number | null {
  const sum = (stats: VmStats): number | null => {
    const known = stats.nics.map((nic) => nic[counter]).filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((total, value) => total + value, 0);
  };
  const [from, to] = [sum(before), sum(now)];
  return from === null || to === null ? null : Math.max(0, to - from) / seconds;
}
