/** Specs for tests. */
import type { NbdSource, VmSpecInput } from '../vm-spec';

export function nbd(socketPath: string, exportName = 'vol-1'): NbdSource {
  return { kind: 'nbd', socketPath, exportName };
}

export function aSpec(fields: Partial<VmSpecInput> = {}): VmSpecInput {
  return {
    id: '3f0c5c1e-7f7b-4d7e-9a55-0123456789ab',
    name: 'web',
    generationId: '0d8a1c7e-1111-4222-8333-444444444444',
    vcpus: 2,
    memoryBytes: 512 * 2 ** 20,
    firmware: 'bios',
    disks: [],
    nics: [],
    ...fields,
  };
}
