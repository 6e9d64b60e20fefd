import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { poll } from './host/waiting';
import { EventLog } from './testing/contract';
import { GuestLab, missingPrerequisites, programsDir } from './testing/guest-lab';
import type { VmRuntime } from './vm-runtime';
import type { VmSpec } from './vm-spec';

const run = promisify(execFile);
const missing = missingPrerequisites();

/** Types into the guest's serial console, as the browser does. */
class Console {
  private constructor(private readonly socket: Socket) {}

  static async open(runtime: VmRuntime, id: string): Promise<Console> {
    const socket = connect(runtime.consoles(id).serialSocketPath);
    await once(socket, 'connect');
    socket.resume();
    return new Console(socket);
  }
  type(line: string): void {
    this.socket.write(`${line}\n`);
  }
  close(): void {
    this.socket.destroy();
  }
}

describe.skipIf(missing.length > 0)(
  `guests on QEMU${missing.length > 0 ? `: missing here: ${missing.join(', ')}` : ''}`,
  () => {
    let lab: GuestLab;
    let runtime: VmRuntime;
    let log: EventLog;

    beforeAll(async () => {
      lab = await GuestLab.open();
      runtime = await lab.runtime();
      log = new EventLog(runtime);
    });
    afterAll(async () => {
      await lab.close();
    });

    describe('one with everything', () => {
      let spec: VmSpec;
      let shell: Console;

      beforeAll(async () => {
        const boot = await lab.bootDisk();
        const data = await lab.serve(await lab.emptyDisk(32 * 2 ** 20));
        spec = lab.spec(boot, {
          vcpus: 2,
          disks: [
            { id: 'boot', role: 'disk', bus: 'virtio-blk', source: boot },
            { id: 'data', role: 'disk', bus: 'virtio-scsi', source: data.source, serial: 'data' },
            { id: 'cd', role: 'cdrom', bus: 'sata', source: null },
          ],
          nics: [{ id: 'lan', kind: 'user', model: 'virtio', mac: '52:54:00:ca:12:01' }],
          cloudInit: {
            userData: '#cloud-config\n',
            metaData: 'instance-id: i-1\nlocal-hostname: everything\n',
            networkConfig: 'version: 2\n',
          },
        });
        const before = performance.now();
        await runtime.start(spec);
        const took = Math.round(performance.now() - before);
        process.stdout.write(`request to running: ${took} ms\n`);
        await lab.booted(runtime, spec);
        shell = await Console.open(runtime, spec.id);
      });
      afterAll(async () => {
        shell.close();
        await runtime.stop(spec.id);
      });

      it('has read its cloud-init seed and answers through its agent', async () => {
        const report = await poll(
          async () => {
            const answer = await runtime.guestAgent(spec.id);
            const addresses = answer?.interfaces.flatMap((nic) => nic.addresses) ?? [];
            return addresses.includes('10.0.2.15') ? answer : undefined;
          },
          { everyMs: 300, deadlineMs: 60_000 },
        );
        expect(report).toMatchObject({ version: 'cairn-guest-1', hostName: 'everything' });
        expect(report?.interfaces.map((nic) => nic.mac)).toContain('52:54:00:ca:12:01');
      });

      it.skipIf(process.getuid?.() !== 0)('cannot reach services of its host', async () => {
        const service = createServer((socket) => socket.end('secret\n')).listen(0, '127.0.0.1');
        await once(service, 'listening');
        const { port } = service.address() as AddressInfo;
        shell.type(`timeout 3 nc 10.0.2.2 ${port} </dev/null; echo tried-$((1+0))`);
        const text = await lab.serialText(runtime, spec.id, /tried-1/);
        service.close();
        expect(text).not.toContain('secret');
      });

      it('counts what it does', async () => {
        shell.type('dd if=/dev/vda of=/dev/null bs=64k count=64 iflag=direct; echo read-$((1+1))');
        await lab.serialText(runtime, spec.id, /read-2/);
        const stats = await runtime.stats(spec.id);
        expect(stats.cpu.seconds).toBeGreaterThan(0.5);
        expect(stats.memory.residentBytes).toBeGreaterThan(32 * 2 ** 20);
        expect(stats.disks.map((disk) => disk.id)).toEqual(['boot', 'data', 'cd']);
        expect(stats.disks[0]?.readBytes).toBeGreaterThan(4 * 2 ** 20);
        expect(stats.disks[0]?.failedOps).toBe(0);
      });

      it('shows its screen', async () => {
        for (let round = 0; round < 2; round += 1) {
          const image = Buffer.from(await runtime.screenshot(spec.id));
          expect(image.toString('latin1', 1, 4)).toBe('PNG');
          expect(image.toString('latin1', image.length - 8, image.length - 4)).toBe('IEND');
        }
      });

      it('offers its screen over RFB', async () => {
        const socket = connect(runtime.consoles(spec.id).vncSocketPath);
        const [greeting] = (await once(socket, 'data')) as [Buffer];
        socket.destroy();
        expect(greeting.toString('latin1')).toMatch(/^RFB 003\./);
      });

      it('takes a medium, another one and none', async () => {
        const media = [await lab.bootDisk(), await lab.bootDisk()] as const;
        for (const source of media) {
          await runtime.insertMedia(spec.id, 'cd', source);
          const cd = runtime.status(spec.id)?.spec.disks[2];
          expect(cd).toMatchObject({ source });
        }
        await runtime.ejectMedia(spec.id, 'cd');
        await runtime.ejectMedia(spec.id, 'cd');
        expect(runtime.status(spec.id)?.spec.disks[2]).toMatchObject({ source: null });
      });

      it('obeys limits and cables that change while it runs', async () => {
        await runtime.setDiskLimits(spec.id, 'data', { iopsLimit: 50, bpsLimit: null });
        shell.type('cairn-guest write /dev/sda --count 100 --ack-every 100; echo wrote-$((2+1))');
        const before = performance.now();
        await lab.serialText(runtime, spec.id, /wrote-3/);
        expect(performance.now() - before).toBeGreaterThan(1000);
        await runtime.setDiskLimits(spec.id, 'data', { iopsLimit: null, bpsLimit: null });
        await runtime.setLink(spec.id, 'lan', false);
        shell.type('sleep 1; echo carrier-$(cat /sys/class/net/eth0/carrier)');
        await lab.serialText(runtime, spec.id, /carrier-0/);
        expect(runtime.status(spec.id)?.spec.nics[0]?.connected).toBe(false);
      });

      it('reboots in its process, in order', async () => {
        const { pid } = runtime.status(spec.id) ?? { pid: null };
        shell.type('sync');
        await runtime.reboot(spec.id, { deadlineMs: 60_000 });
        await lab.serialText(runtime, spec.id, /cairn-guest: ready[^]*cairn-guest: ready/);
        expect(runtime.status(spec.id)).toMatchObject({ state: 'running', pid });
      });

      it('is told as crashed when its kernel panics', async () => {
        shell.type('echo c > /proc/sysrq-trigger');
        const crash = await log.state(spec.id, 'crashed', 30_000);
        expect(crash).toMatchObject({ cause: { kind: 'guest-panic' } });
      });
    });

    it('boots under UEFI and keeps its variables', async () => {
      const spec = lab.spec(await lab.bootDisk(), {
        firmware: 'uefi',
        memoryBytes: 256 * 2 ** 20,
      });
      await runtime.start(spec);
      await lab.booted(runtime, spec);
      await runtime.shutdown(spec.id, { deadlineMs: 60_000 });
      const template = '/usr/share/OVMF/OVMF_VARS_4M.fd';
      const kept = join(lab.runtimeOptions.stateDir, 'vms', spec.id, 'nvram.fd');
      await expect(run('cmp', ['--silent', template, kept])).rejects.toMatchObject({ code: 1 });
      await runtime.forget(spec.id);
    });

    it('starts the older machine, whose firmware reads its IDE disk', async () => {
      const boot = await lab.bootDisk();
      const spec = lab.spec(boot, {
        machineType: 'pc-i440fx-7.2',
        disks: [{ id: 'boot', role: 'disk', bus: 'sata', source: boot }],
      });
      await runtime.start(spec);
      const readOps = await poll(
        async () => (await runtime.stats(spec.id)).disks[0]?.readOps || undefined,
        { everyMs: 100, deadlineMs: 60_000 },
      );
      expect(readOps).toBeGreaterThan(0);
      await runtime.stop(spec.id);
    });

    it.skipIf(process.getuid?.() !== 0)('joins a bridge through a tap of its own', async () => {
      const bridge = `cntest${process.pid % 100_000}`;
      const net = join(programsDir, 'cairn-net');
      await run(net, ['bridge-add', bridge]);
      try {
        const spec = lab.spec(await lab.bootDisk(), {
          nics: [{ id: 'lan', kind: 'bridge', bridge, model: 'virtio', mac: '52:54:00:ca:12:02' }],
        });
        await runtime.start(spec);
        const { stdout } = await run('ip', ['-o', 'link', 'show', 'master', bridge]);
        const tap = /^\d+: (cn[0-9a-f]{12}):/.exec(stdout)?.[1] ?? 'none';
        expect(stdout).toContain('UP');
        await lab.booted(runtime, spec);
        const received = await poll(
          async () => (await runtime.stats(spec.id)).nics[0]?.transmitPackets || undefined,
          { everyMs: 200, deadlineMs: 20_000 },
        );
        expect(received).toBeGreaterThan(0);
        await runtime.stop(spec.id);
        await expect(run('ip', ['link', 'show', tap])).rejects.toThrow();
      } finally {
        await run(net, ['bridge-delete', bridge]);
      }
    });
  },
);
