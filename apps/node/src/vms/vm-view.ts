// A VM's record, joined with what runs, as the API shows it. Pure.
import {
  bootDeviceSchema,
  diskBusSchema,
  nicModelSchema,
  type Condition,
  type NicNetwork,
  type Vm,
  type VmDisk,
  type VmNic,
  type VmState,
} from '@cairn/contracts';
import type { VmDiskRow, VmNicRow, VmRow } from '@cairn/persistence';
import { hasProcess, type VmState as RuntimeState, type VmStatus } from '@cairn/vm-runtime';
import { cloudInitViewOf } from './cloud-init';
import type { VmObservation } from './vm-board';
import { diskSerialOf, needsRestart } from './vm-hardware';
import type { VmRecord } from './vm-store';

const RUNTIME_STATES: Readonly<Record<RuntimeState, VmState>> = {
  defined: 'stopped',
  starting: 'starting',
  running: 'running',
  paused: 'paused',
  'io-suspended': 'ioSuspended',
  stopping: 'stopping',
  stopped: 'stopped',
  crashed: 'crashed',
  'migrating-out': 'migratingOut',
  'migrating-in': 'migratingIn',
  unknown: 'unknown',
};

/** The state as observers see it: what the row says of making and deleting comes first. */
export function vmStateOf(vm: VmRow, status: VmStatus | undefined): VmState {
  switch (vm.phase) {
    case 'provisioning':
    case 'deleting':
    case 'failed':
      return vm.phase;
    case 'ready':
      return RUNTIME_STATES[status?.state ?? 'defined'];
  }
}

export interface VmSurroundings {
  readonly status: VmStatus | undefined;
  readonly observation: VmObservation;
  /** Sizes of the volumes behind disks and media, by the disk's id. */
  readonly diskBytes: ReadonlyMap<string, number>;
}

function restartPending(record: VmRecord, status: VmStatus | undefined): boolean {
  if (status === undefined || !hasProcess(status.state)) return false;
  try {
    return needsRestart(record, status.spec);
  } catch {
    return true;
  }
}

function conditionsOf(status: VmStatus | undefined, since: string): Condition[] {
  if (status?.state !== 'io-suspended') return [];
  const message = status.reason || 'A disk does not answer; the guest waits and goes on by itself.';
  return [{ type: 'DisksAnswer', status: 'false', reason: 'IoSuspended', message, since }];
}

export function vmViewOf(record: VmRecord, surroundings: VmSurroundings): Vm {
  const { vm } = record;
  const { status, observation } = surroundings;
  const running = status !== undefined && hasProcess(status.state);
  const since = (observation.since ?? status?.startedAt ?? vm.updatedAt).toISOString();
  return {
    id: vm.id,
    createdAt: vm.createdAt.toISOString(),
    updatedAt: vm.updatedAt.toISOString(),
    revision: vm.revision,
    name: vm.name,
    description: vm.description,
    tags: vm.tags,
    desiredPowerState: vm.desiredPowerState,
    vcpus: vm.vcpus,
    memoryBytes: vm.memoryBytes,
    firmware: vm.firmware,
    machineType: vm.machineType,
    cpuModel: vm.cpuModel,
    bootOrder: vm.bootOrder.map((device) => bootDeviceSchema.parse(device)),
    cloudInit: cloudInitViewOf(vm),
    deletionProtection: vm.deletionProtection,
    disks: record.disks.map((disk) =>
      diskViewOf(disk, surroundings.diskBytes.get(disk.id) ?? null),
    ),
    nics: record.nics.map((nic) => nicViewOf(nic, observation.addresses.get(nic.mac) ?? [])),
    status: {
      state: vmStateOf(vm, status),
      since,
      nodeId: running ? vm.nodeId : null,
      accelerator: running ? status.accelerator : null,
      machineType: running ? status.spec.machineType : null,
      startedAt: status?.startedAt?.toISOString() ?? null,
      guestAgent: running && observation.guestAgent,
      restartPending: restartPending(record, status),
      cpuRatio: running ? (observation.sample?.cpuRatio ?? null) : null,
      memoryUsedBytes: running ? (observation.sample?.memoryUsedBytes ?? null) : null,
      lastError: observation.lastError ?? vm.lastError,
      conditions: conditionsOf(status, since),
    },
  };
}

export function diskViewOf(disk: VmDiskRow, sizeBytes: number | null): VmDisk {
  return {
    id: disk.id,
    kind: disk.kind,
    bus: diskBusSchema.parse(disk.bus),
    slot: disk.slot,
    serial: diskSerialOf(disk.id),
    sizeBytes,
    volumeId: disk.volumeId,
    isoId: disk.isoId,
    readOnly: disk.readOnly,
    iopsLimit: disk.iopsLimit,
    bytesPerSecondLimit: disk.bytesPerSecondLimit,
  };
}

export function networkOf(nic: VmNicRow): NicNetwork {
  return nic.networkKind === 'user'
    ? { kind: 'user' }
    : { kind: 'bridge', bridge: nic.bridge ?? '' };
}

export function nicViewOf(nic: VmNicRow, ips: readonly string[]): VmNic {
  return {
    id: nic.id,
    slot: nic.slot,
    model: nicModelSchema.parse(nic.model),
    mac: nic.mac,
    network: networkOf(nic),
    connected: nic.connected,
    ips: [...ips],
  };
}
