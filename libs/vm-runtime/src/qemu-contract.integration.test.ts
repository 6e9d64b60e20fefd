import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeVmRuntime, errorKind } from './testing/contract';
import { GuestLab, missingPrerequisites } from './testing/guest-lab';
import type { NbdSource } from './vm-spec';

const missing = missingPrerequisites();

if (missing.length > 0) {
  describe.skip(`QEMU: missing here: ${missing.join(', ')}`, () => {
    it('runs guests', () => undefined);
  });
} else {
  describeVmRuntime('the VM runtime on QEMU', async () => {
    const lab = await GuestLab.open();
    const runtime = await lab.runtime();
    const disks: NbdSource[] = [];
    for (let count = 0; count < 3; count += 1) disks.push(await lab.bootDisk());
    let next = 0;
    return {
      runtime,
      newSpec: () => {
        const disk = disks[next++ % disks.length];
        if (disk === undefined) throw new Error('no disk');
        return lab.spec(disk);
      },
      booted: (spec) => lab.booted(runtime, spec),
      crash: (spec) => {
        const pid = runtime.status(spec.id)?.pid;
        if (pid !== undefined && pid !== null) process.kill(pid, 'SIGSEGV');
      },
      dispose: () => lab.close(),
    };
  });

  describe('a start on QEMU', () => {
    let lab: GuestLab;
    beforeAll(async () => {
      lab = await GuestLab.open();
    });
    afterAll(async () => {
      await lab.close();
    });

    it('leaves nothing behind when QEMU refuses to start, and says why', async () => {
      const runtime = await lab.runtime();
      const taken = createServer().listen(0, '127.0.0.1');
      await once(taken, 'listening');
      const hostPort = (taken.address() as AddressInfo).port;
      const nic = { id: 'lan', kind: 'user', model: 'virtio', mac: '52:54:00:00:00:01' } as const;
      const hostForwards = [{ protocol: 'tcp', hostPort, guestPort: 22 } as const];
      const spec = lab.spec(await lab.bootDisk(), { nics: [{ ...nic, hostForwards }] });
      const failure = await runtime.start(spec).catch((error: unknown) => String(error));
      taken.close();
      expect(failure).toMatch(/start-failed|forwarding rule/);
      expect(runtime.status(spec.id)).toMatchObject({ state: 'crashed', pid: null });
      expect(existsSync(join(lab.runtimeOptions.runDir, 'vms', spec.id, 'q'))).toBe(false);
    });

    it('takes hostile names for what they are', async () => {
      const runtime = await lab.runtime();
      const name = 'a,b=c,process=x,,debug-threads=off -S "\'`$(id)` ../../etc/passwd ünï';
      const spec = lab.spec(await lab.bootDisk(), { name });
      await runtime.start(spec);
      expect(runtime.status(spec.id)).toMatchObject({ state: 'running', name });
      expect(await errorKind(runtime.start({ ...spec, name: 'again' }))).toBe('already-running');
      await runtime.stop(spec.id);
    });
  });
}
