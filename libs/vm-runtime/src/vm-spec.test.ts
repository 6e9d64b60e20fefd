import { describe, expect, it } from 'vitest';
import { parseVmSpec, vmSpecSchema } from './vm-spec';
import { aSpec, nbd } from './testing/specs';

describe('a VM spec', () => {
  it('fills in what a caller leaves out', () => {
    expect(parseVmSpec(aSpec())).toMatchObject({
      machineType: 'pc-q35-7.2',
      cpuModel: 'baseline',
      secureBoot: false,
      bootOrder: [],
      cloudInit: null,
      nvram: null,
      rng: true,
      balloon: true,
    });
  });

  it('stays what it is when it is read back', () => {
    const spec = parseVmSpec(
      aSpec({ cloudInit: { userData: '', metaData: '', networkConfig: null } }),
    );
    expect(parseVmSpec(JSON.parse(JSON.stringify(spec)))).toEqual(spec);
  });

  const disk = { id: 'd', role: 'disk', bus: 'virtio-blk', source: nbd('/s') } as const;
  const nic = { id: 'n', kind: 'user', model: 'virtio', mac: '52:54:00:00:00:01' } as const;
  const wrong: Record<string, object> = {
    'an id that is a path': { id: '../../etc' },
    'a name with a line break': { name: 'a\nb' },
    'an empty name': { name: '' },
    'an unversioned machine type': { machineType: 'q35' },
    'a machine type with an option in it': { machineType: 'pc-q35-7.2,accel=kvm' },
    'a memory size that is not whole MiB': { memoryBytes: 64 * 2 ** 20 + 1 },
    'an absurd memory size': { memoryBytes: 2 ** 52 },
    'no vCPU': { vcpus: 0 },
    'an unknown field': { extraArguments: ['-monitor', 'stdio'] },
    'a device id with a comma': { disks: [{ ...disk, id: 'a,b' }] },
    'a device id that is a path': { disks: [{ ...disk, id: '../d' }] },
    'a serial with an option in it': { disks: [{ ...disk, serial: 'x,werror=report' }] },
    'a relative socket path': { disks: [{ ...disk, source: nbd('s.sock') }] },
    'a socket path that climbs': { disks: [{ ...disk, source: nbd('/run/../etc/x') }] },
    'a socket path that is too long': { disks: [{ ...disk, source: nbd(`/${'x'.repeat(107)}`) }] },
    'a zero limit': { disks: [{ ...disk, iopsLimit: 0 }] },
    'two devices of one id': { disks: [disk], nics: [{ ...nic, id: 'd' }] },
    'a boot device that does not exist': { bootOrder: ['nothing'] },
    'a boot device named twice': { disks: [disk], bootOrder: ['d', 'd'] },
    'a multicast MAC': { nics: [{ ...nic, mac: '01:00:5e:00:00:01' }] },
    'a bridge name with a slash': { nics: [{ ...nic, kind: 'bridge', bridge: 'a/b' }] },
    'a forward without a port': {
      nics: [{ ...nic, hostForwards: [{ protocol: 'tcp', hostPort: 0, guestPort: 22 }] }],
    },
    'seven SATA drives': {
      disks: Array.from({ length: 7 }, (_, n) => ({
        id: `c${n}`,
        role: 'cdrom',
        bus: 'sata',
        source: null,
      })),
    },
  };
  for (const [what, fields] of Object.entries(wrong)) {
    it(`refuses ${what}`, () => {
      expect(vmSpecSchema.safeParse({ ...aSpec(), ...fields }).success).toBe(false);
    });
  }
});
