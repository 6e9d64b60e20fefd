// What this node is and does, from the kernel: processors, memory, load, bridges. Read when asked
// and at most once a second; nothing here polls.
import { Inject, Injectable } from '@nestjs/common';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, release, totalmem, uptime } from 'node:os';
import { ENVIRONMENT, type Environment } from '../platform/environment';

const OVMF_FILES = ['/usr/share/OVMF/OVMF_CODE_4M.fd', '/usr/share/OVMF/OVMF_CODE.fd'];
const BRIDGES_MAX = 100;

export interface NodeMemory {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/** Processor time since the boot, in seconds, by mode. */
export type CpuSeconds = Readonly<Record<'user' | 'system' | 'idle' | 'iowait' | 'steal', number>>;

const TICKS_PER_SECOND = 100;

/** The first line of /proc/stat. Pure. */
export function parseCpuSeconds(stat: string): CpuSeconds {
  const fields = (/^cpu\s+(.*)$/m.exec(stat)?.[1] ?? '').trim().split(/\s+/).map(Number);
  const at = (index: number): number => (fields[index] ?? 0) / TICKS_PER_SECOND;
  return {
    user: at(0) + at(1),
    system: at(2) + at(5) + at(6),
    idle: at(3),
    iowait: at(4),
    steal: at(7),
  };
}

/** /proc/meminfo. Pure. */
export function parseMemory(meminfo: string): NodeMemory {
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(meminfo)?.[1] ?? 0) * 1024;
  return { totalBytes: bytes('MemTotal') || totalmem(), availableBytes: bytes('MemAvailable') };
}

@Injectable()
export class NodeFacts {
  readonly name: string;
  readonly cpuModel: string;
  readonly threads: number;
  readonly cores: number;
  readonly kernelVersion = release();
  readonly privileged = process.getuid?.() === 0;
  readonly uefi = OVMF_FILES.some((path) => existsSync(path));
  #cpuBefore = parseCpuSeconds(readFileSync('/proc/stat', 'utf8'));
  #cpuReadMs = performance.now();
  #cpuRatio: number | null = null;

  constructor(@Inject(ENVIRONMENT) environment: Environment) {
    this.name = environment.nodeName;
    const all = cpus();
    this.cpuModel = all[0]?.model.trim() || 'unknown';
    this.threads = Math.max(1, all.length);
    this.cores = coreCount() ?? this.threads;
  }

  get uptimeSeconds(): number {
    return uptime();
  }

  memory(): NodeMemory {
    return parseMemory(readFileSync('/proc/meminfo', 'utf8'));
  }

  cpuSeconds(): CpuSeconds {
    return parseCpuSeconds(readFileSync('/proc/stat', 'utf8'));
  }

  /** The share of processor time used since the last look, at least a second ago. */
  cpuUsedRatio(): number | null {
    if (performance.now() - this.#cpuReadMs < 1_000) return this.#cpuRatio;
    const now = this.cpuSeconds();
    const before = this.#cpuBefore;
    const idle = now.idle + now.iowait - before.idle - before.iowait;
    const total = sum(now) - sum(before);
    this.#cpuRatio = total > 0 ? Math.min(1, Math.max(0, 1 - idle / total)) : this.#cpuRatio;
    this.#cpuBefore = now;
    this.#cpuReadMs = performance.now();
    return this.#cpuRatio;
  }

  /** Bridges that a VM's network card may join. */
  bridges(): string[] {
    try {
      return readdirSync('/sys/class/net')
        .filter((name) => existsSync(`/sys/class/net/${name}/bridge`))
        .slice(0, BRIDGES_MAX);
    } catch {
      return [];
    }
  }
}

function sum(seconds: CpuSeconds): number {
  return Object.values(seconds).reduce((total, value) => total + value, 0);
}

/** Physical cores, counted by their distinct package and core ids. */
function coreCount(): number | null {
  const text = readFileSync('/proc/cpuinfo', 'utf8');
  const cores = new Set<string>();
  for (const processor of text.split('\n\n')) {
    const chip = /^physical id\s*: (\d+)/m.exec(processor)?.[1];
    const core = /^core id\s*: (\d+)/m.exec(processor)?.[1];
    if (chip !== undefined && core !== undefined) cores.add(`${chip}/${core}`);
  }
  return cores.size === 0 ? null : cores.size;
}
