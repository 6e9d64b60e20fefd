// From what was asked for to what QEMU is told: the spec of a VM, computed from its record. Pure.
// Also what the runtime cannot do is refused here, before anything is made.
import type { BootDevice, DiskBus, NicModel } from '@cairn/contracts';
import type { VmDiskRow, VmNicRow } from '@cairn/persistence';
import { parseVmSpec, type NbdSource, type VmSpec, type VmSpecInput } from '@cairn/vm-runtime';
import { canonicalJson } from '../audit/audit-chain';
import { ProblemError } from '../platform/problem';
import { cloudInitSeedOf } from './cloud-init';
import type { VmRecord } from './vm-store';

/** The versions that are pinned when only a family is asked for. */
const PINNED_MACHINES: Readonly<Record<string, string>> = {
  q35: 'pc-q35-7.2',
  i440fx: 'pc-i440fx-7.2',
};

/** A VM keeps the version of its virtual hardware for life. */
export function pinnedMachineType(machineType: string): string {
  return PINNED_MACHINES[machineType] ?? machineType;
}

/** The serial number that a guest reads from a disk: the end of its id, 20 characters at most. */
export function diskSerialOf(diskId: string): string {
  return diskId.replaceAll('-', '').slice(-20);
}

/** A MAC address of the locally administered range that QEMU guests use. */
export function newMac(random: Uint8Array): string {
  const tail = [...random.subarray(0, 3)].map((byte) => byte.toString(16).padStart(2, '0'));
  return ['52', '54', '00', ...tail].join(':');
}

export type DiskSources = ReadonlyMap<string, NbdSource>;

type SpecDisk = VmSpecInput['disks'][number];
type SpecNic = VmSpecInput['nics'][number];

function busOf(disk: VmDiskRow): 'virtio-blk' | 'virtio-scsi' | 'sata' {
  return disk.bus === 'virtio-blk' || disk.bus === 'virtio-scsi' ? disk.bus : 'sata';
}

function specDiskOf(disk: VmDiskRow, sources: DiskSources): SpecDisk {
  const source = sources.get(disk.id) ?? null;
  if (disk.kind === 'cdrom') return { id: disk.id, role: 'cdrom', bus: 'sata', source };
  if (source === null) throw new ProblemError('volume.notFound', 'A disk has no volume.');
  const limits = {
    ...(disk.iopsLimit === null ? {} : { iopsLimit: disk.iopsLimit }),
    ...(disk.bytesPerSecondLimit === null ? {} : { bpsLimit: disk.bytesPerSecondLimit }),
  };
  const serial = diskSerialOf(disk.id);
  const { id, readOnly } = disk;
  return { id, role: 'disk', bus: busOf(disk), source, readOnly, serial, ...limits };
}

function specNicOf(nic: VmNicRow): SpecNic {
  const model = nic.model === 'virtio-net' ? 'virtio' : 'e1000';
  const common = { id: nic.id, mac: nic.mac, model, connected: nic.connected } as const;
  if (nic.networkKind === 'user') return { ...common, kind: 'user' };
  return { ...common, kind: 'bridge', bridge: nic.bridge ?? '' };
}

/** `disk`, `cdrom`, `network` become the ids of the devices of that kind, in slot order. */
export function bootDeviceIds(record: VmRecord): string[] {
  const idsOf = (device: BootDevice): string[] => {
    switch (device) {
      case 'disk':
      case 'cdrom':
        return record.disks.filter((disk) => disk.kind === device).map((disk) => disk.id);
      case 'network':
        return record.nics.map((nic) => nic.id);
    }
  };
  return record.vm.bootOrder
    .filter((name): name is BootDevice => ['disk', 'cdrom', 'network'].includes(name))
    .flatMap(idsOf)
    .slice(0, 32);
}

/** The spec that the runtime starts. `sources` says where each disk's volume is served. */
export function vmSpecOf(record: VmRecord, sources: DiskSources): VmSpec {
  const { vm } = record;
  const input = {
    id: vm.id,
    name: vm.name,
    generationId: vm.generationId,
    vcpus: vm.vcpus,
    memoryBytes: vm.memoryBytes,
    firmware: vm.firmware,
    machineType: vm.machineType,
    cpuModel: vm.cpuModel ?? 'baseline',
    bootOrder: bootDeviceIds(record),
    disks: record.disks.map((disk) => specDiskOf(disk, sources)),
    nics: record.nics.map(specNicOf),
    cloudInit: cloudInitSeedOf(vm),
  };
  return parseVmSpec(input);
}

/** Whether a VM that runs with `running` would be started differently now. */
export function needsRestart(record: VmRecord, running: VmSpec): boolean {
  const sources = new Map<string, NbdSource>();
  for (const disk of running.disks) if (disk.source !== null) sources.set(disk.id, disk.source);
  for (const disk of record.disks) {
    if (disk.kind === 'disk' && !sources.has(disk.id)) return true;
  }
  const wanted = vmSpecOf(record, sources);
  return canonicalJson(comparable(wanted)) !== canonicalJson(comparable(running));
}

/** What takes effect at once is no reason for a restart: media, limits, links, the name. */
function comparable(spec: VmSpec): unknown {
  return {
    ...spec,
    name: null,
    disks: spec.disks.map(({ source: _source, ...disk }) =>
      disk.role === 'disk' ? { ...disk, iopsLimit: null, bpsLimit: null } : disk,
    ),
    nics: spec.nics.map((nic) => ({ ...nic, connected: true })),
  };
}

const CPU_MODELS = new Set(['baseline', 'x86-64-v2-AES', 'x86-64-v3', 'host']);
const NIC_MODELS: ReadonlySet<NicModel> = new Set(['virtio-net', 'e1000']);
const NICS_MAX = 8;
const DISKS_MAX = 20;
const SATA_MAX = 5;

/** The hardware of a request that this version of the runtime cannot provide. */
export interface HardwareRequest {
  readonly cpuModel?: string | null | undefined;
  readonly machineType?: string | undefined;
  readonly disks?: readonly { readonly kind: string; readonly bus: DiskBus }[];
  readonly nics?: readonly { readonly model: NicModel }[];
}

/** Throws `vm.unsupported` with a sentence that says what to choose instead. */
export function requireSupported(request: HardwareRequest): void {
  const { cpuModel, disks = [], nics = [] } = request;
  if (typeof cpuModel === 'string' && !CPU_MODELS.has(cpuModel)) {
    throw unsupported(`The CPU model must be one of ${[...CPU_MODELS].join(', ')}.`);
  }
  if (disks.some((disk) => disk.kind === 'cdrom' && disk.bus === 'virtio-scsi')) {
    throw unsupported('Optical drives are on the SATA bus.');
  }
  if (disks.length > DISKS_MAX) throw unsupported(`A VM has at most ${DISKS_MAX} disks.`);
  const onSata = disks.filter((disk) => disk.bus === 'sata' || disk.bus === 'ide').length;
  if (onSata > SATA_MAX) throw unsupported(`At most ${SATA_MAX} disks are on the SATA bus.`);
  if (nics.length > NICS_MAX) throw unsupported(`A VM has at most ${NICS_MAX} network cards.`);
  const nic = nics.find(({ model }) => !NIC_MODELS.has(model));
  if (nic !== undefined) throw unsupported(`${nic.model} is not available; use e1000.`);
}

function unsupported(detail: string): ProblemError {
  return new ProblemError('vm.unsupported', detail);
}
