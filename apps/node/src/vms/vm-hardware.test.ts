import type { VmDiskRow, VmNicRow, VmRow } from '@cairn/persistence';
import { describe, expect, it } from 'vitest';
import { cloudInitSeedOf, cloudInitViewOf } from './cloud-init';
import {
  bootDeviceIds,
  diskSerialOf,
  needsRestart,
  newMac,
  pinnedMachineType,
  requireSupported,
  vmSpecOf,
} from './vm-hardware';
import type { VmRecord } from './vm-store';

const VM_ID = '01890000-0000-7000-8000-000000000001';
const DISK_ID = '01890000-0000-7000-8000-000000000002';
const CD_ID = '01890000-0000-7000-8000-000000000003';
const NIC_ID = '01890000-0000-7000-8000-000000000004';
const now = new Date(0);

const vm: VmRow = {
  id: VM_ID,
  name: 'web server',
  description: '',
  tags: [],
  phase: 'ready',
  desiredPowerState: 'running',
  vcpus: 2,
  memoryBytes: 512 * 2 ** 20,
  firmware: 'bios',
  machineType: 'pc-q35-7.2',
  cpuModel: null,
  bootOrder: ['cdrom', 'disk'],
  cloudInit: null,
  deletionProtection: false,
  nodeId: VM_ID,
  generationId: VM_ID,
  lastError: null,
  createdAt: now,
  updatedAt: now,
  revision: 1,
};
const disk: VmDiskRow = {
  id: DISK_ID,
  vmId: VM_ID,
  kind: 'disk',
  bus: 'virtio-blk',
  slot: 0,
  volumeId: VM_ID,
  isoId: null,
  readOnly: false,
  iopsLimit: 1000,
  bytesPerSecondLimit: null,
  createdAt: now,
};
const cdrom: VmDiskRow = {
  ...disk,
  id: CD_ID,
  kind: 'cdrom',
  bus: 'sata',
  slot: 1,
  volumeId: null,
  iopsLimit: null,
};
const nic: VmNicRow = {
  id: NIC_ID,
  vmId: VM_ID,
  slot: 0,
  model: 'virtio-net',
  mac: '52:54:00:00:00:01',
  networkKind: 'bridge',
  bridge: 'br0',
  connected: true,
  createdAt: now,
};
const record: VmRecord = { vm, disks: [disk, cdrom], nics: [nic] };
const sources = new Map([
  [DISK_ID, { kind: 'nbd' as const, socketPath: '/run/v.sock', exportName: 'vol-1' }],
]);

describe('the hardware of a VM', () => {
  it('is what the record says', () => {
    const spec = vmSpecOf(record, sources);
    expect(spec).toMatchObject({ id: VM_ID, vcpus: 2, cpuModel: 'baseline' });
    expect(spec.bootOrder).toEqual([CD_ID, DISK_ID]);
    expect(spec.disks[0]).toMatchObject({ role: 'disk', iopsLimit: 1000 });
    expect(spec.disks[1]).toMatchObject({ role: 'cdrom', source: null });
    expect(spec.nics[0]).toMatchObject({ kind: 'bridge', bridge: 'br0', model: 'virtio' });
  });

  it('is never made of a disk without a volume', () => {
    expect(() => vmSpecOf(record, new Map())).toThrow('volume.notFound');
  });

  it('names boot devices only where they exist', () => {
    expect(bootDeviceIds({ ...record, disks: [], nics: [] })).toEqual([]);
  });

  it('needs a restart for a changed machine, not for media, limits, links or a name', () => {
    const running = vmSpecOf(record, sources);
    expect(needsRestart(record, running)).toBe(false);
    expect(needsRestart({ ...record, vm: { ...vm, name: 'other' } }, running)).toBe(false);
    expect(needsRestart({ ...record, vm: { ...vm, vcpus: 4 } }, running)).toBe(true);
    expect(needsRestart({ ...record, nics: [] }, running)).toBe(true);
    const limited = { ...record, disks: [{ ...disk, iopsLimit: 5 }, cdrom] };
    expect(needsRestart(limited, running)).toBe(false);
    const more = { ...record, disks: [disk, cdrom, { ...disk, id: VM_ID, slot: 2 }] };
    expect(needsRestart(more, running)).toBe(true);
  });

  it('is refused where the runtime cannot provide it', () => {
    expect(() => requireSupported({ cpuModel: '486' })).toThrow('vm.unsupported');
    expect(() => requireSupported({ nics: [{ model: 'rtl8139' }] })).toThrow('vm.unsupported');
    const many = Array.from({ length: 6 }, () => ({ kind: 'disk', bus: 'sata' as const }));
    expect(() => requireSupported({ disks: many })).toThrow('SATA');
    expect(() => requireSupported({ cpuModel: 'host', disks: [], nics: [] })).not.toThrow();
  });

  it('pins a machine family to a version', () => {
    expect(pinnedMachineType('q35')).toBe('pc-q35-7.2');
    expect(pinnedMachineType('pc-q35-6.2')).toBe('pc-q35-6.2');
  });

  it('gives serial numbers that fit and addresses that are unicast', () => {
    expect(diskSerialOf(DISK_ID)).toHaveLength(20);
    expect(newMac(Uint8Array.from([1, 2, 255]))).toBe('52:54:00:01:02:ff');
  });
});

describe('cloud-init', () => {
  const form = { kind: 'form', hostname: 'web', userName: 'ada', password: 'geheim 1"2' };
  const withForm = { ...vm, cloudInit: { ...form, sshAuthorizedKeys: [] } };

  it('writes a form as one document, whatever the password contains', () => {
    const seed = cloudInitSeedOf(withForm);
    const [first, ...rest] = (seed?.userData ?? '').split('\n');
    expect(first).toBe('#cloud-config');
    expect(JSON.parse(rest.join('\n'))).toMatchObject({
      hostname: 'web',
      chpasswd: { users: [{ name: 'ada', password: 'geheim 1"2' }] },
    });
    expect(JSON.parse(seed?.metaData ?? '')).toEqual({
      'instance-id': VM_ID,
      'local-hostname': 'web',
    });
  });

  it('never shows the password', () => {
    const view = cloudInitViewOf(withForm);
    expect(view).toMatchObject({ hasPassword: true });
    expect(JSON.stringify(view)).not.toContain('geheim');
  });

  it('passes text on as it is, with a host name made from the name of the VM', () => {
    const text = {
      ...vm,
      cloudInit: { kind: 'text', userData: '#!/bin/sh\n', networkConfig: null },
    };
    const seed = cloudInitSeedOf(text);
    expect(seed).toMatchObject({ userData: '#!/bin/sh\n', networkConfig: null });
    expect(seed?.metaData).toContain('web-server');
  });
});
