/** From samples to medians, ratios and a page. Pure but for the time and the description of the machine. */
import { spawnSync } from 'node:child_process';
import { cpus, release, totalmem } from 'node:os';
import type { Sample, Workload } from './workloads';

export interface Comparison {
  readonly workload: string;
  readonly cairn: Sample;
  readonly qsd: Sample;
  /** Medians' ratio, ours over the other's: of rates (more is better) and of processor time (less is better). */
  readonly rateRatio: number;
  readonly cpuRatio: number;
  readonly aimRatio: number | null;
  /** Smallest and largest ratio over the rounds: how far to trust the median. */
  readonly rateRatioRange: readonly [number, number];
}

export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryBytes: number;
  readonly kernel: string;
  readonly fileSystem: string;
  readonly fio: string;
  readonly qemu: string;
}

export interface VolumeReport {
  readonly takenAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly secondsPerSample: number;
  readonly volumeBytes: number;
  /** Servers and fio ran before everything else on the machine. */
  readonly realtime: boolean;
  /** Of the last minute, at the end: how busy the machine was. */
  readonly loadAverage: number;
  readonly comparisons: readonly Comparison[];
  readonly residentBytes: { readonly cairn: number; readonly qsd: number };
}

export interface StartReport {
  readonly takenAt: string;
  readonly machine: Machine;
  readonly loadAverage: number;
  readonly accelerator: string;
  readonly starts: number;
  readonly guest: string;
  /** From the request's first byte to the answer that the task has succeeded: QEMU runs the guest. */
  readonly requestToRunningMs: Spread;
  /** Of that, the node's task itself. */
  readonly taskMs: Spread;
  /** A bare QEMU without a guest's devices, from its start until it says that it runs. */
  readonly qemuAloneMs: Spread;
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export const START_AIM_MS = 300;

/** To the minute, as the page shows it. */
export function timeNow(): string {
  return new Date().toISOString().slice(0, 16).replace('T', ' ') + ' UTC';
}

export function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), min: Math.min(...values), max: Math.max(...values) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const upper = sorted[middle] ?? 0;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? 0) + upper) / 2;
}

function medianSample(samples: readonly Sample[]): Sample {
  const of = (pick: (sample: Sample) => number) => median(samples.map(pick));
  return {
    iops: of((sample) => sample.iops),
    bytesPerSecond: of((sample) => sample.bytesPerSecond),
    latencyUsMedian: of((sample) => sample.latencyUsMedian),
    latencyUsP99: of((sample) => sample.latencyUsP99),
    cpuUsPerOperation: of((sample) => sample.cpuUsPerOperation),
  };
}

/** `cairn[i]` and `qsd[i]` were taken in the same round. */
export function compare(
  workload: Workload,
  cairn: readonly Sample[],
  qsd: readonly Sample[],
): Comparison {
  const ours = medianSample(cairn);
  const theirs = medianSample(qsd);
  const ratios = cairn.map((sample, round) => sample.iops / (qsd[round]?.iops ?? NaN));
  return {
    workload: workload.name,
    cairn: ours,
    qsd: theirs,
    rateRatio: ours.iops / theirs.iops,
    cpuRatio: ours.cpuUsPerOperation / theirs.cpuUsPerOperation,
    aimRatio: workload.aimRatio,
    rateRatioRange: [Math.min(...ratios), Math.max(...ratios)],
  };
}

export function describeMachine(directory: string): Machine {
  const firstLine = (program: string, ...args: string[]) =>
    String(spawnSync(program, args).stdout).split('\n')[0]?.trim() ?? '';
  return {
    processor: cpus()[0]?.model ?? 'unknown',
    cores: cpus().length,
    memoryBytes: totalmem(),
    kernel: release(),
    fileSystem: firstLine('findmnt', '-n', '-o', 'FSTYPE', '-T', directory),
    fio: firstLine('fio', '--version'),
    qemu: firstLine('qemu-storage-daemon', '--version').replace(
      /^qemu-storage-daemon version /,
      '',
    ),
  };
}

const fixed = (value: number, digits = 0) => value.toFixed(digits);

function tableOf(comparisons: readonly Comparison[]): string {
  const head =
    '| workload | cairn IOPS | qsd IOPS | ratio (range) | aim | p50 µs (cairn / qsd) | p99 µs (cairn / qsd) | CPU µs per I/O (cairn / qsd) |';
  const rows = comparisons.map((row) => {
    const cells = [
      row.workload,
      fixed(row.cairn.iops),
      fixed(row.qsd.iops),
      `${fixed(row.rateRatio, 2)} (${fixed(row.rateRatioRange[0], 2)} to ${fixed(row.rateRatioRange[1], 2)})`,
      row.aimRatio === null ? '–' : `≥ ${row.aimRatio}`,
      `${fixed(row.cairn.latencyUsMedian)} / ${fixed(row.qsd.latencyUsMedian)}`,
      `${fixed(row.cairn.latencyUsP99)} / ${fixed(row.qsd.latencyUsP99)}`,
      `${fixed(row.cairn.cpuUsPerOperation, 1)} / ${fixed(row.qsd.cpuUsPerOperation, 1)}`,
    ];
    return `| ${cells.join(' | ')} |`;
  });
  return [head, '| --- | --: | --: | --: | --: | --: | --: | --: |', ...rows].join('\n');
}

const gib = (bytes: number) => `${fixed(bytes / 2 ** 30, 1)} GiB`;

function machineText(machine: Machine): string {
  return `${machine.cores} cores of ${machine.processor}, ${gib(machine.memoryBytes)} of memory,
Linux ${machine.kernel}, ${machine.fileSystem}`;
}

/** The figures as a section of the page. */
export function formatVolumeReport(report: VolumeReport): string {
  const { machine } = report;
  return `Taken ${report.takenAt} on ${machineText(machine)}; ${machine.fio}, QEMU ${machine.qemu}. Volume ${gib(report.volumeBytes)};
medians of ${report.rounds} rounds of ${report.secondsPerSample} s each, the servers taking turns${report.realtime ? ', both and fio under SCHED_FIFO' : ''}.
Load average at the end ${fixed(report.loadAverage, 1)}.

${tableOf(report.comparisons)}

Resident memory after the run: cairn ${fixed(report.residentBytes.cairn / 2 ** 20)} MiB, qemu-storage-daemon ${fixed(report.residentBytes.qsd / 2 ** 20)} MiB.
`;
}

/** The figures as a section of the page. */
export function formatStartReport(report: StartReport): string {
  const { machine, starts } = report;
  const row = (name: string, { median, min, max }: Spread, aim: string): string =>
    `| ${name} | ${fixed(median)} | ${fixed(min)} to ${fixed(max)} | ${aim} |`;
  return `Taken ${report.takenAt} on ${machineText(machine)}; QEMU ${machine.qemu} (${report.accelerator}).
${starts} starts of ${report.guest}, in turns with a bare QEMU.
Load average at the end ${fixed(report.loadAverage, 1)}.

| milliseconds | median | range | aim |
| --- | --: | --: | --: |
${row('from the request to a running QEMU, seen by the client', report.requestToRunningMs, `< ${START_AIM_MS}`)}
${row('the node’s task in it', report.taskMs, '–')}
${row('a bare QEMU, by itself', report.qemuAloneMs, '–')}
`;
}
