// VMs as clients see them: create, change, delete, power. Devices are in vm-devices.service.ts.
import { Inject, Injectable } from '@nestjs/common';
import type { Plan, VmCreate, VmPatch, VmPowerVerb, VmShutdown } from '@cairn/contracts';
import type { TaskRow } from '@cairn/persistence';
import type { VmRuntime } from '@cairn/vm-runtime';
import type { EntityManager } from 'typeorm';
import { NodeFacts } from '../nodes/node-facts';
import { Database } from '../platform/database';
import { newId } from '../platform/ids';
import { requireUnblocked } from '../platform/plans';
import { requireRevision } from '../platform/revisions';
import { VM_RUNTIME } from '../platform/tokens';
import type { TaskActor } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { StorageFacts } from '../volumes/storage-facts';
import { VmBoard } from './vm-board';
import { VmCreateTask } from './vm-create-task';
import { VmCreation, type PreparedDisk } from './vm-creation';
import { VmDeleteTask } from './vm-delete-task';
import { pinnedMachineType, requireSupported } from './vm-hardware';
import { changePlan, creationPlan, deletionPlan } from './vm-plans';
import { powerPlan } from './vm-power-rules';
import { VmPowerTasks } from './vm-power-tasks';
import { VmStore, vmTaken, type VmPatchRow } from './vm-store';
import { vmStateOf } from './vm-view';

export interface DeleteRequest {
  readonly vmId: string;
  readonly keepVolumes: boolean;
  readonly ifMatch: number | null;
}

@Injectable()
export class VmsService {
  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly board: VmBoard,
    private readonly creation: VmCreation,
    private readonly createTask: VmCreateTask,
    private readonly deleteTask: VmDeleteTask,
    private readonly powerTasks: VmPowerTasks,
    private readonly runner: TaskRunner,
    private readonly storage: StorageFacts,
    private readonly node: NodeFacts,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {}

  async planCreate(request: VmCreate): Promise<Plan> {
    requireSupported(request);
    const { drives } = await this.storage.snapshot();
    const copied = await this.#copiedBytes(request);
    return creationPlan(request, {
      nodeName: this.node.name,
      hasDrive: drives.items.some((drive) => drive.state === 'in'),
      memoryAvailableBytes: this.node.memory().availableBytes,
      copiedBytes: copied,
      bridges: this.node.bridges(),
    });
  }

  async create(request: VmCreate, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planCreate(request));
    try {
      const task = await this.database.transaction((manager) =>
        this.#recordCreation(manager, request, actor),
      );
      this.runner.start(task);
      return task;
    } catch (error) {
      throw vmTaken(error, request.name);
    }
  }

  async planUpdate(vmId: string, patch: VmPatch): Promise<Plan> {
    requireSupported(patch);
    const record = await this.store.require(vmId);
    const state = vmStateOf(record.vm, this.runtime.status(vmId));
    return changePlan(record, patch, state === 'running' || state === 'paused');
  }

  async update(vmId: string, patch: VmPatch, ifMatch: number | null): Promise<void> {
    requireSupported(patch);
    try {
      await this.database.transaction(async (manager) => {
        const { vm } = await this.store.lock(manager, vmId);
        requireRevision(vm, ifMatch);
        await this.store.patchWithin(manager, vmId, rowPatchOf(patch));
      });
    } catch (error) {
      throw vmTaken(error, patch.name ?? '');
    }
  }

  async planDelete(request: DeleteRequest): Promise<Plan> {
    const record = await this.store.require(request.vmId);
    const state = vmStateOf(record.vm, this.runtime.status(request.vmId));
    return deletionPlan(record, state, request.keepVolumes);
  }

  /** The row lock decides between concurrent deletions: the second one finds phase `deleting`. */
  async delete(request: DeleteRequest, actor: TaskActor): Promise<TaskRow> {
    const { vmId, keepVolumes } = request;
    const task = await this.database.transaction(async (manager) => {
      const record = await this.store.lock(manager, vmId);
      requireRevision(record.vm, request.ifMatch);
      const state = vmStateOf(record.vm, this.runtime.status(vmId));
      requireUnblocked(deletionPlan(record, state, keepVolumes));
      const volumeIds = keepVolumes ? [] : record.disks.flatMap((disk) => disk.volumeId ?? []);
      await this.store.patchWithin(manager, vmId, { phase: 'deleting' });
      return this.runner.prepare(this.deleteTask.definition, {
        params: { vmId, volumeIds },
        resource: { kind: 'vm', id: vmId, name: record.vm.name },
        actor,
        manager,
      });
    });
    this.runner.start(task);
    return task;
  }

  async planPower(verb: VmPowerVerb, vmId: string): Promise<Plan> {
    const { vm } = await this.store.require(vmId);
    return powerPlan(verb, vm, vmStateOf(vm, this.runtime.status(vmId)));
  }

  async power(
    verb: VmPowerVerb,
    vmId: string,
    request: { readonly shutdown?: VmShutdown; readonly actor: TaskActor },
  ): Promise<TaskRow> {
    const { deadlineSeconds = 120, thenStop = false } = request.shutdown ?? {};
    if (verb === 'start') this.board.note(vmId, { lastError: null });
    return this.powerTasks.submit(verb, { vmId, deadlineSeconds, thenStop }, request.actor);
  }

  async #recordCreation(
    manager: EntityManager,
    request: VmCreate,
    actor: TaskActor,
  ): Promise<TaskRow> {
    const vmId = request.id ?? newId();
    const prepared: PreparedDisk[] = [];
    for (const [slot, disk] of request.disks.entries()) {
      const owner = { vmId, vmName: request.name, slot };
      prepared.push(await this.creation.prepareDisk(manager, disk, owner));
    }
    await this.store.insert(manager, {
      vm: this.creation.vmRowOf(vmId, request),
      disks: prepared.map(({ row }) => row),
      nics: request.nics.map((nic, slot) => this.creation.nicRowOf(nic, { vmId, slot })),
    });
    const disks = prepared.flatMap(({ newDisk }) => newDisk ?? []);
    return this.runner.prepare(this.createTask.definition, {
      params: { vmId, disks, start: request.start },
      resource: { kind: 'vm', id: vmId, name: request.name },
      actor,
      manager,
    });
  }

  /** Bytes that a creation copies; refuses images that are not there or not ready. */
  async #copiedBytes(request: VmCreate): Promise<number> {
    const images = request.disks.flatMap((disk) =>
      disk.kind === 'disk' && disk.source.kind === 'image' ? [disk.source.imageId] : [],
    );
    return this.database.read(async (manager) => this.creation.imageBytes(manager, images));
  }
}

/** Absent members stay as they are; `null` clears, as a merge patch says. */
function rowPatchOf(patch: VmPatch): VmPatchRow {
  const { machineType, ...rest } = patch;
  const pinned = machineType === undefined ? {} : { machineType: pinnedMachineType(machineType) };
  const members = Object.entries({ ...rest, ...pinned });
  return Object.fromEntries(members.filter(([, value]) => value !== undefined));
}
