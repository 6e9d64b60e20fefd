/** The spec's disks as block nodes and devices. Pure; see command-line.ts for the rules. */
import type { NbdSource, VmDisk, VmSpec } from '../vm-spec';
import { fdsetPath, INHERITED_FD, json } from './command-line';
import type { Addresses } from './addresses';

/** QEMU's own reconnection bridges a restart of the storage; after it, the guest is suspended. */
const RECONNECT_SECONDS = 300;
/** How long a start waits for a disk's socket. */
const OPEN_TIMEOUT_SECONDS = 20;
const QUEUES_MAX = 4;

export function diskNode(index: number): string {
  return `disk${index}`;
}

export function diskDevice(id: string): string {
  return `dev-${id}`;
}

export function limitsGroup(index: number): string {
  return `limits${index}`;
}

/** An NBD export as the bottom of a chain. */
export function nbdNode(nodeName: string, source: NbdSource, readOnly: boolean): JsonObject {
  return {
    driver: 'nbd',
    'node-name': nodeName,
    server: { type: 'unix', path: source.socketPath },
    export: source.exportName,
    'reconnect-delay': RECONNECT_SECONDS,
    'open-timeout': OPEN_TIMEOUT_SECONDS,
    'read-only': readOnly,
    'auto-read-only': false,
    cache: { direct: true, 'no-flush': false },
    discard: 'unmap',
    'detect-zeroes': readOnly ? 'off' : 'unmap',
  };
}

/** What QEMU calls limits; zero is none. */
export function throttleLimits(limits: {
  readonly iopsLimit?: number | null | undefined;
  readonly bpsLimit?: number | null | undefined;
}): JsonObject {
  return { 'iops-total': limits.iopsLimit ?? 0, 'bps-total': limits.bpsLimit ?? 0 };
}

export type JsonObject = Readonly<Record<string, unknown>>;
type HardDisk = Extract<VmDisk, { role: 'disk' }>;

export function diskOptions(spec: VmSpec, place: Addresses): string[] {
  const controller = spec.disks.some((disk) => disk.bus === 'virtio-scsi')
    ? json('-device', { driver: 'virtio-scsi-pci', id: 'scsi0', ...place.fixed('scsi') })
    : [];
  return [...controller, ...spec.disks.flatMap((_, index) => oneDisk(spec, index, place))];
}

function oneDisk(spec: VmSpec, index: number, place: Addresses): string[] {
  const disk = spec.disks[index];
  if (disk === undefined) return [];
  const boot = spec.bootOrder.indexOf(disk.id);
  const device = {
    id: diskDevice(disk.id),
    ...(boot >= 0 && { bootindex: boot + 1 }),
  };
  if (disk.role === 'cdrom') return cdrom({ spec, index, source: disk.source, device, place });
  return [
    ...chain(disk, index),
    ...(disk.bus === 'virtio-blk'
      ? json('-object', { 'qom-type': 'iothread', id: `io${index}` })
      : []),
    ...json('-device', { ...diskDriver(spec, disk, index, place), ...device }),
  ];
}

/** nbd <- raw <- throttle: the raw node can be given another endpoint while the guest runs. */
function chain(disk: HardDisk, index: number): string[] {
  const node = diskNode(index);
  const common = { 'read-only': disk.readOnly, 'auto-read-only': false, discard: 'unmap' };
  const cache = { direct: true, 'no-flush': false };
  return [
    ...json('-object', {
      'qom-type': 'throttle-group',
      id: limitsGroup(index),
      limits: throttleLimits(disk),
    }),
    ...json('-blockdev', nbdNode(`${node}-nbd`, disk.source, disk.readOnly)),
    ...json('-blockdev', {
      driver: 'raw',
      'node-name': `${node}-raw`,
      file: `${node}-nbd`,
      cache,
      ...common,
    }),
    ...json('-blockdev', {
      driver: 'throttle',
      'node-name': node,
      'throttle-group': limitsGroup(index),
      file: `${node}-raw`,
      cache,
      ...common,
    }),
  ];
}

function diskDriver(spec: VmSpec, disk: HardDisk, index: number, place: Addresses): JsonObject {
  const common = {
    drive: diskNode(index),
    // A disk error stops the guest and never reaches it.
    werror: 'stop',
    rerror: 'stop',
    ...(disk.serial !== undefined && { serial: disk.serial }),
  };
  switch (disk.bus) {
    case 'virtio-blk':
      return {
        driver: 'virtio-blk-pci',
        ...common,
        iothread: `io${index}`,
        'num-queues': Math.min(spec.vcpus, QUEUES_MAX),
        'queue-size': 256,
        'write-cache': 'on',
        ...place.disk(index),
      };
    case 'virtio-scsi':
      return { driver: 'scsi-hd', ...common, bus: 'scsi0.0', 'scsi-id': index };
    case 'sata':
      return { driver: 'ide-hd', ...common, ...place.sataPort(sataIndex(spec, index)) };
  }
}

function cdrom(options: {
  readonly spec: VmSpec;
  readonly index: number;
  readonly source: NbdSource | null;
  readonly device: JsonObject;
  readonly place: Addresses;
}): string[] {
  const { spec, index, source, device, place } = options;
  const medium = source === null ? [] : mediumNodes(diskNode(index), source);
  return [
    ...medium.flatMap((node) => json('-blockdev', node)),
    ...json('-device', {
      driver: 'ide-cd',
      ...(source !== null && { drive: diskNode(index) }),
      ...device,
      ...place.sataPort(sataIndex(spec, index)),
    }),
  ];
}

/** A medium's nodes, bottom first; the last one has the given name. */
export function mediumNodes(nodeName: string, source: NbdSource): readonly JsonObject[] {
  const bottom = `${nodeName}-nbd`;
  return [
    nbdNode(bottom, source, true),
    { driver: 'raw', 'node-name': nodeName, file: bottom, 'read-only': true },
  ];
}

function sataIndex(spec: VmSpec, index: number): number {
  return spec.disks.slice(0, index).filter((disk) => disk.bus === 'sata').length;
}

/**
 * The cloud-init seed is a virtio disk, not a CD-ROM: cloud-init looks for the file system's label
 * on any disk, and the kernels of cloud images often have no AHCI driver.
 */
export function seedOptions(place: Addresses): string[] {
  return [
    ...json('-blockdev', {
      driver: 'file',
      'node-name': 'seed-file',
      filename: fdsetPath(INHERITED_FD.seed),
      'read-only': true,
      locking: 'off',
    }),
    ...json('-blockdev', {
      driver: 'raw',
      'node-name': 'seed',
      file: 'seed-file',
      'read-only': true,
    }),
    ...json('-device', {
      driver: 'virtio-blk-pci',
      id: 'dev-seed',
      drive: 'seed',
      serial: 'cloud-init',
      ...place.fixed('seed'),
    }),
  ];
}
