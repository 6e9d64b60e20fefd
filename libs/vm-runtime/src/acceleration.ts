/**
 * Whether this node's KVM can carry guests. `cairn-kvm-probe` measures it (raw KVM calls in a
 * child of its own, 200 ms at most); this is the driver that runs it and reads its verdict.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { z } from 'zod';
import type { AccelerationReport } from './vm-runtime';

const PROBE_DEADLINE_MS = 3000;

const probeSchema = z.object({
  verdict: z.enum(['usable', 'degraded', 'unusable', 'absent']),
  reason: z.string().max(1000),
  rateMillionPerSecond: z.number().nonnegative().nullable(),
  elapsedMs: z.number().nonnegative(),
});

export interface ProbeOptions {
  /** Directory of the native programs. */
  readonly programsDir: string;
  readonly signal?: AbortSignal;
}

/**
 * Never rejects but for an abort: a probe that cannot run or answers nonsense is an `unusable`
 * KVM with that reason. Run once at start and keep the answer.
 */
export async function probeAcceleration(options: ProbeOptions): Promise<AccelerationReport> {
  const program = join(options.programsDir, 'cairn-kvm-probe');
  const output = await runProbe(program, options.signal);
  options.signal?.throwIfAborted();
  return readProbe(output);
}

/** Pure: the report from what the probe printed. */
export function readProbe(output: ProbeOutput): AccelerationReport {
  const parsed = probeSchema.safeParse(parseJson(output.stdout));
  if (!parsed.success) {
    const detail = output.failure ?? 'its answer could not be read';
    const reason = `the KVM self-test failed: ${detail}`;
    return {
      verdict: 'unusable',
      accelerator: 'tcg',
      reason,
      rateMillionPerSecond: null,
      elapsedMs: 0,
    };
  }
  const accelerator = parsed.data.verdict === 'usable' ? 'kvm' : 'tcg';
  return { ...parsed.data, accelerator };
}

export interface ProbeOutput {
  readonly stdout: string;
  readonly failure: string | null;
}

function runProbe(program: string, signal: AbortSignal | undefined): Promise<ProbeOutput> {
  return new Promise((resolve) => {
    const limits = { timeout: PROBE_DEADLINE_MS, maxBuffer: 64 * 1024, encoding: 'utf8' } as const;
    execFile(program, [], { ...limits, ...(signal && { signal }) }, (error, stdout) => {
      resolve({ stdout, failure: error === null ? null : error.message });
    });
  });
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
