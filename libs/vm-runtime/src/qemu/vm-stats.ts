/** What a VM uses, from its monitor, /proc and /sys. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { VmDiskStats, VmNicStats, VmStats } from '../vm-runtime';
import type { VmSpec } from '../vm-spec';
import {
  balloonStatsSchema,
  blockStatsSchema,
  cpusSchema,
  type BlockStats,
} from '../qmp/qmp-messages';
import type { QmpClient } from '../qmp/qmp-client';
import { diskDevice } from './disk-devices';

/** Linux reports CPU time in units of 1/100 s on every architecture that Cairn runs on. */
const TICKS_PER_SECOND = 100;
const PAGE_BYTES = 4096;
const NANOSECONDS = 1e9;
/** The balloon driver's way to say that the guest did not report a value. */
const NOT_REPORTED = 2 ** 63;

export interface StatsSource {
  readonly spec: VmSpec;
  readonly pid: number;
  readonly qmp: QmpClient;
  readonly taps: ReadonlyMap<string, string>;
  readonly now: () => Date;
}

export async function collectStats(source: StatsSource): Promise<VmStats> {
  const { spec, pid, qmp } = source;
  const [cpuSeconds, residentBytes, threads, blocks, guest, nics] = await Promise.all([
    readCpuSeconds(pid),
    readResidentBytes(pid),
    qmp.ask(cpusSchema, 'query-cpus-fast'),
    qmp.ask(blockStatsSchema, 'query-blockstats'),
    spec.balloon ? readBalloon(qmp) : noGuestMemory,
    Promise.all(spec.nics.map((nic) => readNic(nic.id, source.taps.get(nic.id)))),
  ]);
  const waits = await Promise.all(threads.map((cpu) => readWaitSeconds(pid, cpu['thread-id'])));
  return {
    takenAt: source.now(),
    cpu: {
      seconds: cpuSeconds,
      waitSeconds: waits.reduce((sum, wait) => sum + wait, 0),
      vcpus: spec.vcpus,
    },
    memory: { configuredBytes: spec.memoryBytes, residentBytes, ...guest },
    disks: spec.disks.map((disk) => diskStats(disk.id, blocks)),
    nics,
  };
}

/** Pure: the counters of one disk; zeros for an empty drive. */
export function diskStats(id: string, blocks: BlockStats): VmDiskStats {
  const device = diskDevice(id);
  // QEMU names a device by its id or, where the disk is a part of it, by a path with the id in it.
  const stats = blocks.find(({ qdev }) => qdev?.split('/').includes(device))?.stats;
  return {
    id,
    readBytes: stats?.rd_bytes ?? 0,
    writeBytes: stats?.wr_bytes ?? 0,
    readOps: stats?.rd_operations ?? 0,
    writeOps: stats?.wr_operations ?? 0,
    flushOps: stats?.flush_operations ?? 0,
    readSeconds: (stats?.rd_total_time_ns ?? 0) / NANOSECONDS,
    writeSeconds: (stats?.wr_total_time_ns ?? 0) / NANOSECONDS,
    flushSeconds: (stats?.flush_total_time_ns ?? 0) / NANOSECONDS,
    failedOps:
      (stats?.failed_rd_operations ?? 0) +
      (stats?.failed_wr_operations ?? 0) +
      (stats?.failed_flush_operations ?? 0),
  };
}

/** Pure: user and system time from /proc/PID/stat, whose second field may hold anything. */
export function cpuSecondsOf(stat: string): number {
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

async function readCpuSeconds(pid: number): Promise<number> {
  return cpuSecondsOf(await readFile(`/proc/${pid}/stat`, 'latin1'));
}

async function readResidentBytes(pid: number): Promise<number> {
  const statm = await readFile(`/proc/${pid}/statm`, 'latin1');
  return Number(statm.split(' ')[1]) * PAGE_BYTES;
}

/** A thread may end between the question and this; it then waited for nothing. */
async function readWaitSeconds(pid: number, thread: number): Promise<number> {
  const path = `/proc/${pid}/task/${thread}/schedstat`;
  const text = await readFile(path, 'latin1').catch(() => '0 0 0');
  return Number(text.split(' ')[1]) / NANOSECONDS;
}

const noGuestMemory = { guestTotalBytes: null, guestAvailableBytes: null };

async function readBalloon(qmp: QmpClient): Promise<typeof noGuestMemory | GuestMemory> {
  const where = { path: '/machine/peripheral/balloon0', property: 'guest-stats' };
  const reply = balloonStatsSchema.safeParse(await qmp.ask(z.unknown(), 'qom-get', where));
  if (!reply.success || reply.data['last-update'] === 0) return noGuestMemory;
  const value = (name: string): number | null => {
    const bytes = reply.data.stats[name];
    return bytes === undefined || bytes < 0 || bytes >= NOT_REPORTED ? null : bytes;
  };
  return {
    guestTotalBytes: value('stat-total-memory'),
    guestAvailableBytes: value('stat-available-memory'),
  };
}

interface GuestMemory {
  readonly guestTotalBytes: number | null;
  readonly guestAvailableBytes: number | null;
}

/** The host receives from a tap what the guest transmits. */
async function readNic(id: string, tap: string | undefined): Promise<VmNicStats> {
  const counter = async (name: string): Promise<number | null> => {
    if (tap === undefined) return null;
    const path = `/sys/class/net/${tap}/statistics/${name}`;
    const text = await readFile(path, 'latin1').catch(() => null);
    return text === null ? null : Number(text);
  };
  return {
    id,
    receiveBytes: await counter('tx_bytes'),
    transmitBytes: await counter('rx_bytes'),
    receivePackets: await counter('tx_packets'),
    transmitPackets: await counter('rx_packets'),
  };
}
