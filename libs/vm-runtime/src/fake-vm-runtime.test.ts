import { randomUUID } from 'node:crypto';
import { describeVmRuntime, type ContractHarness } from './testing/contract';
import { FakeVmRuntime } from './fake-vm-runtime';
import { parseVmSpec } from './vm-spec';

function makeFake(): Promise<ContractHarness> {
  const runtime = new FakeVmRuntime();
  return Promise.resolve({
    runtime,
    newSpec: () =>
      parseVmSpec({
        id: randomUUID(),
        name: 'fake',
        generationId: randomUUID(),
        vcpus: 1,
        memoryBytes: 64 * 2 ** 20,
        firmware: 'bios',
        disks: [],
        nics: [],
      }),
    booted: () => Promise.resolve(),
    crash: (spec) => {
      runtime.crash(spec.id);
    },
    dispose: () => runtime.dispose(),
  });
}

describeVmRuntime('the fake VM runtime', makeFake);
