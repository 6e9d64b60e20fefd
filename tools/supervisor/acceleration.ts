/** How fast guests will run: what the native KVM self-test measured, in one sentence. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';

const execute = promisify(execFile);
const PROBE_TIMEOUT_MS = 3000;

const probeSchema = z.object({ verdict: z.string(), reason: z.string().optional() });

export async function accelerationVerdict(root: string): Promise<string> {
  const program = join(root, 'native/build/release/host/cairn-kvm-probe');
  if (!existsSync(program)) return 'the KVM self-test is not built';
  try {
    const { stdout } = await execute(program, [], { timeout: PROBE_TIMEOUT_MS });
    return describeVerdict(probeSchema.parse(JSON.parse(stdout)));
  } catch (error) {
    return `software emulation (the KVM self-test failed: ${String(error).split('\n')[0] ?? ''})`;
  }
}

/** One sentence for the start's output. */
export function describeVerdict({ verdict, reason }: z.infer<typeof probeSchema>): string {
  const why = reason === undefined ? '' : `: ${reason}`;
  return verdict === 'usable'
    ? 'hardware virtualisation (KVM)'
    : `software emulation, slow (KVM is ${verdict}${why})`;
}
