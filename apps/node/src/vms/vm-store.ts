// VMs with their disks and network cards as rows.
import { Inject, Injectable } from '@nestjs/common';
import {
  VmDiskEntity,
  VmEntity,
  VmNicEntity,
  type VmDiskRow,
  type VmNicRow,
  type VmRow,
} from '@cairn/persistence';
import type { EntityManager } from 'typeorm';
import { ChangeLog } from '../events/change-log';
import { Database, violatedUniqueConstraint } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { ProblemError } from '../platform/problem';

/** A VM with everything that belongs to it. */
export interface VmRecord {
  readonly vm: VmRow;
  readonly disks: readonly VmDiskRow[];
  readonly nics: readonly VmNicRow[];
}

export type VmPatchRow = Partial<Omit<VmRow, 'id' | 'revision' | 'createdAt' | 'nodeId'>>;

@Injectable()
export class VmStore {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  async all(): Promise<VmRecord[]> {
    return this.database.read(async (manager) => {
      const [vms, disks, nics] = [
        await manager.find(VmEntity),
        await manager.find(VmDiskEntity, { order: { slot: 'ASC' } }),
        await manager.find(VmNicEntity, { order: { slot: 'ASC' } }),
      ];
      return vms.map((vm) => ({
        vm,
        disks: disks.filter((disk) => disk.vmId === vm.id),
        nics: nics.filter((nic) => nic.vmId === vm.id),
      }));
    });
  }

  async find(id: string): Promise<VmRecord | null> {
    return this.database.read((manager) => loadRecord(manager, id));
  }

  async require(id: string): Promise<VmRecord> {
    const record = await this.find(id);
    if (record === null) throw vmNotFound();
    return record;
  }

  /** Loads the record and holds its row until the transaction ends: changes queue up behind. */
  async lock(manager: EntityManager, id: string): Promise<VmRecord> {
    await manager.findOne(VmEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
    const record = await loadRecord(manager, id);
    if (record === null) throw vmNotFound();
    return record;
  }

  async insert(
    manager: EntityManager,
    record: {
      readonly vm: Omit<VmRow, 'nodeId' | 'revision'>;
      readonly disks: readonly VmDiskRow[];
      readonly nics: readonly VmNicRow[];
    },
  ): Promise<void> {
    const revision = await this.record(manager, record.vm.id, 'upsert');
    const row = { ...record.vm, nodeId: this.environment.nodeId, revision };
    await manager.insert(VmEntity, row as never);
    if (record.disks.length > 0) await manager.insert(VmDiskEntity, [...record.disks]);
    if (record.nics.length > 0) await manager.insert(VmNicEntity, [...record.nics]);
  }

  async patch(id: string, patch: VmPatchRow): Promise<void> {
    await this.database.transaction((manager) => this.patchWithin(manager, id, patch));
  }

  /** Also the way to announce a change of disks or cards: an empty patch. */
  async patchWithin(manager: EntityManager, id: string, patch: VmPatchRow): Promise<void> {
    const revision = await this.record(manager, id, 'upsert');
    await manager.update(VmEntity, { id }, { ...patch, updatedAt: new Date(), revision } as never);
  }

  async remove(manager: EntityManager, id: string): Promise<void> {
    const result = await manager.delete(VmEntity, { id });
    if (result.affected !== 0) await this.record(manager, id, 'delete');
  }

  /** Tells watchers that something observed about the VM has changed. */
  async announce(id: string): Promise<void> {
    await this.database.transaction((manager) => this.record(manager, id, 'upsert'));
  }

  async record(manager: EntityManager, id: string, kind: 'upsert' | 'delete'): Promise<number> {
    return this.changes.record(manager, { topic: 'vms', kind, resourceId: id });
  }
}

async function loadRecord(manager: EntityManager, id: string): Promise<VmRecord | null> {
  const vm = await manager.findOneBy(VmEntity, { id });
  if (vm === null) return null;
  const disks = await manager.find(VmDiskEntity, { where: { vmId: id }, order: { slot: 'ASC' } });
  const nics = await manager.find(VmNicEntity, { where: { vmId: id }, order: { slot: 'ASC' } });
  return { vm, disks, nics };
}

export function vmNotFound(): ProblemError {
  return new ProblemError('vm.notFound', 'There is no such VM.');
}

/** Turns a violated unique constraint of VMs into its refusal. */
export function vmTaken(error: unknown, name: string): unknown {
  const constraint = violatedUniqueConstraint(error);
  switch (constraint) {
    case null:
      return error;
    case 'vms_name_key':
      return new ProblemError('vm.nameTaken', `There is a VM named ${name} already.`);
    case 'vm_nics_mac_key':
      return new ProblemError('request.invalid', 'Another network card has this MAC address.', {
        errors: [{ path: 'nics', code: 'invalidValue', message: 'The MAC address is taken.' }],
      });
    case 'vm_disks_volume_id_key':
      return new ProblemError('volume.inUse', 'Another VM uses this volume.');
    case 'vm_disks_vm_id_slot_key':
    case 'vm_nics_vm_id_slot_key':
      return new ProblemError('vm.busy', 'The devices of the VM were changed at the same time.');
    default:
      return new ProblemError('vm.exists', 'A VM or device with this id exists.');
  }
}
