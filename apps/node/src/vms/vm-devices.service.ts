// Disks, media and network cards of a VM as clients see them.
import { Inject, Injectable } from '@nestjs/common';
import type {
  Plan,
  VmDisk,
  VmDiskCreate,
  VmDiskPatch,
  VmNic,
  VmNicCreate,
  VmNicPatch,
} from '@cairn/contracts';
import {
  VmDiskEntity,
  VmNicEntity,
  VolumeEntity,
  type TaskRow,
  type VmDiskRow,
  type VmNicRow,
} from '@cairn/persistence';
import type { VmRuntime } from '@cairn/vm-runtime';
import { Database } from '../platform/database';
import { blocker, planOf, requireUnblocked } from '../platform/plans';
import { ProblemError } from '../platform/problem';
import { VM_RUNTIME } from '../platform/tokens';
import type { TaskActor } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { requireReadyMedium, VmCreation } from './vm-creation';
import { VmDeviceTasks } from './vm-device-tasks';
import { requireSupported } from './vm-hardware';
import { VmPower } from './vm-power';
import { VmStore, vmTaken, type VmRecord } from './vm-store';
import { VmViews } from './vm-views';

export interface DiskKey {
  readonly vmId: string;
  readonly diskId: string;
}

export interface NicKey {
  readonly vmId: string;
  readonly nicId: string;
}

@Injectable()
export class VmDevicesService {
  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly views: VmViews,
    private readonly creation: VmCreation,
    private readonly tasks: VmDeviceTasks,
    private readonly power: VmPower,
    private readonly runner: TaskRunner,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {}

  async disk({ vmId, diskId }: DiskKey): Promise<VmDisk> {
    const vm = await this.views.get(vmId);
    const disk = vm.disks.find((candidate) => candidate.id === diskId);
    if (disk === undefined) throw new ProblemError('disk.notFound', 'The VM has no such disk.');
    return disk;
  }

  async nic({ vmId, nicId }: NicKey): Promise<VmNic> {
    const vm = await this.views.get(vmId);
    const nic = vm.nics.find((candidate) => candidate.id === nicId);
    if (nic === undefined) throw new ProblemError('nic.notFound', 'The VM has no such card.');
    return nic;
  }

  async planAddDisk(vmId: string, request: VmDiskCreate): Promise<Plan> {
    const record = await this.store.require(vmId);
    requireSupported({ disks: [...record.disks.map(shapeOf), request] });
    const resource = { kind: 'vm', id: vmId, name: record.vm.name } as const;
    return planOf({
      steps: [['add', `Add a ${request.kind} to ${record.vm.name}`]],
      effects: [{ kind: 'update', resource, before: null, after: null }],
      warnings: this.power.isRunning(vmId) ? [AT_NEXT_START] : [],
      blockers: notReady(record),
      seconds: 1,
    });
  }

  async addDisk(vmId: string, request: VmDiskCreate, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planAddDisk(vmId, request));
    return this.#withTask(async () =>
      this.database.transaction(async (manager) => {
        const { vm, disks } = await this.store.lock(manager, vmId);
        const owner = { vmId, vmName: vm.name, slot: freeSlot(disks) };
        const { row, newDisk } = await this.creation.prepareDisk(manager, request, owner);
        const params = { vmId, row, newDisk };
        const resource = { kind: 'vm', id: vmId, name: vm.name } as const;
        return this.runner.prepare(this.tasks.diskAdd, { params, resource, actor, manager });
      }),
    );
  }

  /** Limits change at once, the bus and write protection only while the VM has no process. */
  async updateDisk(key: DiskKey, patch: VmDiskPatch): Promise<VmDisk> {
    const { vmId, diskId } = key;
    const { disks } = await this.store.require(vmId);
    const row = requireDisk(disks, diskId);
    const isRunning = this.power.isRunning(vmId);
    const changesHardware = patch.bus !== undefined || patch.readOnly !== undefined;
    if (changesHardware && isRunning) throw onlyStopped('Bus and write protection');
    if (patch.bus !== undefined) {
      requireSupported({ disks: [{ kind: row.kind, bus: patch.bus }] });
    }
    const limits = {
      iopsLimit: patch.iopsLimit === undefined ? row.iopsLimit : patch.iopsLimit,
      bpsLimit:
        patch.bytesPerSecondLimit === undefined
          ? row.bytesPerSecondLimit
          : patch.bytesPerSecondLimit,
    };
    if (isRunning && row.kind === 'disk') await this.runtime.setDiskLimits(vmId, diskId, limits);
    await this.database.transaction(async (manager) => {
      await this.store.lock(manager, vmId);
      await manager.update(
        VmDiskEntity,
        { id: diskId },
        {
          iopsLimit: limits.iopsLimit,
          bytesPerSecondLimit: limits.bpsLimit,
          ...(patch.bus === undefined ? {} : { bus: patch.bus }),
          ...(patch.readOnly === undefined ? {} : { readOnly: patch.readOnly }),
        },
      );
      await this.store.patchWithin(manager, vmId, {});
    });
    return this.disk(key);
  }

  async planResizeDisk({ vmId, diskId }: DiskKey, sizeBytes: number): Promise<Plan> {
    const record = await this.store.require(vmId);
    const disk = requireDisk(record.disks, diskId);
    const blockers = notReady(record);
    const current = await this.#volumeBytes(disk);
    if (current === null) {
      blockers.push(blocker('disk.wrongKind', 'An optical drive has no size to change.'));
    } else if (sizeBytes < current) {
      blockers.push(blocker('volume.cannotShrink', `The disk has ${current} bytes already.`));
    }
    const resource = { kind: 'vm', id: vmId, name: record.vm.name } as const;
    return planOf({
      steps: [['resize', 'Grow the volume']],
      effects: [
        { kind: 'update', resource, before: String(current ?? 0), after: String(sizeBytes) },
      ],
      warnings: this.power.isRunning(vmId)
        ? ['The guest sees the new size when it is started next.']
        : [],
      blockers,
      seconds: 1,
    });
  }

  async resizeDisk(key: DiskKey, sizeBytes: number, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planResizeDisk(key, sizeBytes));
    const { vm, disks } = await this.store.require(key.vmId);
    const { volumeId } = requireDisk(disks, key.diskId);
    return this.runner.submit(this.tasks.diskResize, {
      params: { vmId: key.vmId, volumeId: volumeId ?? '', sizeBytes },
      resource: { kind: 'vm', id: vm.id, name: vm.name },
      actor,
    });
  }

  async planRemoveDisk({ vmId, diskId }: DiskKey, keepVolume: boolean): Promise<Plan> {
    const record = await this.store.require(vmId);
    const disk = requireDisk(record.disks, diskId);
    const blockers = notReady(record);
    if (this.power.isRunning(vmId)) {
      blockers.push(blocker('vm.wrongState', 'Disks are removed while the VM is stopped.'));
    }
    const deletes = disk.volumeId !== null && !keepVolume;
    const resource = { kind: 'vm', id: vmId, name: record.vm.name } as const;
    return planOf({
      steps: [
        ['remove', 'Take the disk out'],
        ...(deletes ? [['delete', 'Delete its volume'] as const] : []),
      ],
      effects: [{ kind: 'update', resource, before: null, after: null }],
      warnings: deletes ? ['The data of the disk cannot be brought back.'] : [],
      blockers,
      seconds: 1,
    });
  }

  async removeDisk(key: DiskKey, keepVolume: boolean, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planRemoveDisk(key, keepVolume));
    const { vm, disks } = await this.store.require(key.vmId);
    const { volumeId } = requireDisk(disks, key.diskId);
    return this.runner.submit(this.tasks.diskRemove, {
      params: { ...key, volumeId, keepVolume },
      resource: { kind: 'vm', id: vm.id, name: vm.name },
      actor,
    });
  }

  /** `isoId` null ejects. */
  async changeMedium(key: DiskKey, isoId: string | null, actor: TaskActor): Promise<TaskRow> {
    const { vm, disks } = await this.store.require(key.vmId);
    const drive = requireDisk(disks, key.diskId);
    if (drive.kind !== 'cdrom') {
      throw new ProblemError('disk.wrongKind', 'The disk is not an optical drive.');
    }
    if (isoId !== null) {
      await this.database.read((manager) => requireReadyMedium(manager, 'iso', isoId));
    }
    return this.runner.submit(isoId === null ? this.tasks.mediaEject : this.tasks.mediaInsert, {
      params: { ...key, isoId },
      resource: { kind: 'vm', id: vm.id, name: vm.name },
      actor,
    });
  }

  async addNic(
    vmId: string,
    request: VmNicCreate,
    actor: TaskActor,
  ): Promise<{
    readonly task: TaskRow;
    readonly nicId: string;
  }> {
    const record = await this.store.require(vmId);
    requireSupported({ nics: [...record.nics.map(modelOf), request] });
    requireUnblocked(planOf({ steps: [], effects: [], blockers: notReady(record) }));
    const { vm, nics } = record;
    const row = this.creation.nicRowOf(request, { vmId, slot: freeSlot(nics) });
    await this.#requireFreeMac(row.mac);
    const task = await this.runner.submit(this.tasks.nicAdd, {
      params: { vmId, row },
      resource: { kind: 'vm', id: vmId, name: vm.name },
      actor,
    });
    return { task, nicId: row.id };
  }

  /** The cable is pulled at once; model, address and network change while the VM is stopped. */
  async updateNic(key: NicKey, patch: VmNicPatch): Promise<VmNic> {
    const { vmId, nicId } = key;
    const { nics } = await this.store.require(vmId);
    const row = requireNic(nics, nicId);
    const isRunning = this.power.isRunning(vmId);
    const { model, mac, network, connected } = patch;
    if (isRunning && (model !== undefined || mac !== undefined || network !== undefined)) {
      throw onlyStopped('Model, MAC address and network');
    }
    if (model !== undefined) requireSupported({ nics: [{ model }] });
    if (mac !== undefined && mac !== row.mac) await this.#requireFreeMac(mac);
    if (isRunning && connected !== undefined) {
      await this.runtime.setLink(vmId, nicId, connected);
    }
    const bridge = network?.kind === 'bridge' ? network.bridge : null;
    await this.database.transaction(async (manager) => {
      await this.store.lock(manager, vmId);
      await manager.update(
        VmNicEntity,
        { id: nicId },
        {
          ...(model === undefined ? {} : { model }),
          ...(mac === undefined ? {} : { mac }),
          ...(network === undefined ? {} : { networkKind: network.kind, bridge }),
          connected: connected ?? row.connected,
        },
      );
      await this.store.patchWithin(manager, vmId, {});
    });
    return this.nic(key);
  }

  async removeNic(key: NicKey, actor: TaskActor): Promise<TaskRow> {
    const record = await this.store.require(key.vmId);
    requireNic(record.nics, key.nicId);
    requireUnblocked(planOf({ steps: [], effects: [], blockers: notReady(record) }));
    return this.runner.submit(this.tasks.nicRemove, {
      params: key,
      resource: { kind: 'vm', id: record.vm.id, name: record.vm.name },
      actor,
    });
  }

  async #requireFreeMac(mac: string): Promise<void> {
    const taken = await this.database.read((manager) => manager.countBy(VmNicEntity, { mac }));
    if (taken === 0) return;
    throw new ProblemError('request.invalid', 'Another network card has this MAC address.', {
      errors: [{ path: 'mac', code: 'invalidValue', message: 'The MAC address is taken.' }],
    });
  }

  async #volumeBytes(disk: VmDiskRow): Promise<number | null> {
    const { volumeId } = disk;
    if (volumeId === null) return null;
    const volume = await this.database.read((manager) =>
      manager.findOneBy(VolumeEntity, { id: volumeId }),
    );
    return volume?.sizeBytes ?? null;
  }

  async #withTask(record: () => Promise<TaskRow>): Promise<TaskRow> {
    try {
      const task = await record();
      this.runner.start(task);
      return task;
    } catch (error) {
      throw vmTaken(error, '');
    }
  }
}

const AT_NEXT_START = 'The running guest sees it when it is started next.';

function shapeOf(disk: VmDiskRow): { kind: string; bus: VmDiskCreate['bus'] } {
  const bus = disk.bus === 'virtio-blk' || disk.bus === 'virtio-scsi' ? disk.bus : 'sata';
  return { kind: disk.kind, bus };
}

function modelOf(nic: VmNicRow): { model: VmNicCreate['model'] } {
  return { model: nic.model === 'virtio-net' ? 'virtio-net' : 'e1000' };
}

function notReady({ vm }: VmRecord): Plan['blockers'] {
  if (vm.phase === 'ready') return [];
  return [blocker('vm.busy', `Another task works on ${vm.name}.`)];
}

function freeSlot(devices: readonly { readonly slot: number }[]): number {
  return devices.reduce((slot, device) => Math.max(slot, device.slot + 1), 0);
}

function requireDisk(disks: readonly VmDiskRow[], id: string): VmDiskRow {
  const disk = disks.find((candidate) => candidate.id === id);
  if (disk === undefined) throw new ProblemError('disk.notFound', 'The VM has no such disk.');
  return disk;
}

function requireNic(nics: readonly VmNicRow[], id: string): VmNicRow {
  const nic = nics.find((candidate) => candidate.id === id);
  if (nic === undefined) throw new ProblemError('nic.notFound', 'The VM has no such card.');
  return nic;
}

function onlyStopped(what: string): ProblemError {
  return new ProblemError('vm.wrongState', `${what} can be changed while the VM is stopped.`);
}
