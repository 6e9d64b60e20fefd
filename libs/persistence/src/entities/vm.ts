// VMs as rows: what the administrator asked for. What runs is observed, never stored.
import {
  entity,
  bytesColumn,
  idColumn,
  nullableBytesColumn,
  revisionColumn,
  timeColumn,
} from '../columns';

/** One VM's specification. `phase` keeps a half-made VM out of sight of the reconciler. */
export interface VmRow {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  readonly tags: string[];
  readonly phase: 'provisioning' | 'ready' | 'deleting' | 'failed';
  readonly desiredPowerState: 'running' | 'stopped' | 'paused';
  readonly vcpus: number;
  readonly memoryBytes: number;
  readonly firmware: 'bios' | 'uefi';
  readonly machineType: string;
  /** Null is the cluster's baseline. */
  readonly cpuModel: string | null;
  readonly bootOrder: string[];
  readonly cloudInit: unknown;
  readonly deletionProtection: boolean;
  readonly nodeId: string;
  /** Changes when the guest may have gone back in time (clone, restore). */
  readonly generationId: string;
  /** Why the VM could not be made or started, for people. */
  readonly lastError: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const VmEntity = entity<VmRow>({
  name: 'Vm',
  tableName: 'vms',
  columns: {
    id: idColumn,
    name: { type: 'text' },
    description: { type: 'text', default: '' },
    tags: { type: 'text', array: true },
    phase: { type: 'text' },
    desiredPowerState: { type: 'text' },
    vcpus: { type: 'int4' },
    memoryBytes: bytesColumn,
    firmware: { type: 'text' },
    machineType: { type: 'text' },
    cpuModel: { type: 'text', nullable: true },
    bootOrder: { type: 'text', array: true },
    cloudInit: { type: 'jsonb', nullable: true },
    deletionProtection: { type: 'bool', default: false },
    nodeId: { type: 'uuid' },
    generationId: { type: 'uuid' },
    lastError: { type: 'text', nullable: true },
    createdAt: timeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
  uniques: [{ columns: ['name'] }],
  foreignKeys: [{ target: 'Node', columnNames: ['nodeId'], referencedColumnNames: ['id'] }],
});

/** A disk or CD drive of a VM. A CD drive without a medium has neither volume nor ISO. */
export interface VmDiskRow {
  readonly id: string;
  readonly vmId: string;
  readonly kind: 'disk' | 'cdrom';
  readonly bus: string;
  readonly slot: number;
  /** The volume that this disk owns; deleted with the VM. */
  readonly volumeId: string | null;
  /** The medium in a CD drive. */
  readonly isoId: string | null;
  readonly readOnly: boolean;
  readonly iopsLimit: number | null;
  readonly bytesPerSecondLimit: number | null;
  readonly createdAt: Date;
}

export const VmDiskEntity = entity<VmDiskRow>({
  name: 'VmDisk',
  tableName: 'vm_disks',
  columns: {
    id: idColumn,
    vmId: { type: 'uuid' },
    kind: { type: 'text' },
    bus: { type: 'text' },
    slot: { type: 'int4' },
    volumeId: { type: 'uuid', nullable: true },
    isoId: { type: 'uuid', nullable: true },
    readOnly: { type: 'bool', default: false },
    iopsLimit: nullableBytesColumn,
    bytesPerSecondLimit: nullableBytesColumn,
    createdAt: timeColumn,
  },
  uniques: [{ columns: ['vmId', 'slot'] }, { columns: ['volumeId'] }],
  indices: [{ columns: ['isoId'] }],
  foreignKeys: [
    { target: 'Vm', columnNames: ['vmId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
    { target: 'Volume', columnNames: ['volumeId'], referencedColumnNames: ['id'] },
    { target: 'Media', columnNames: ['isoId'], referencedColumnNames: ['id'] },
  ],
});

/** A network card of a VM. */
export interface VmNicRow {
  readonly id: string;
  readonly vmId: string;
  readonly slot: number;
  readonly model: string;
  readonly mac: string;
  readonly networkKind: 'user' | 'bridge';
  readonly bridge: string | null;
  readonly connected: boolean;
  readonly createdAt: Date;
}

export const VmNicEntity = entity<VmNicRow>({
  name: 'VmNic',
  tableName: 'vm_nics',
  columns: {
    id: idColumn,
    vmId: { type: 'uuid' },
    slot: { type: 'int4' },
    model: { type: 'text' },
    mac: { type: 'text' },
    networkKind: { type: 'text' },
    bridge: { type: 'text', nullable: true },
    connected: { type: 'bool', default: true },
    createdAt: timeColumn,
  },
  uniques: [{ columns: ['vmId', 'slot'] }, { columns: ['mac'] }],
  foreignKeys: [
    { target: 'Vm', columnNames: ['vmId'], referencedColumnNames: ['id'], onDelete: 'CASCADE' },
  ],
});
