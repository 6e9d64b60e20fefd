// The tasks that make and delete VMs. The rows of a new VM and of its volumes exist from the
// moment the request is accepted, in phases that say so; a failure removes them all again.
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { Database } from '../platform/database';
import type { TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { VolumeStore } from '../volumes/volume-store';
import { DiskProvisioning, newDiskSchema } from './disk-provisioning';
import { VmPowerTasks } from './vm-power-tasks';
import { VmStore } from './vm-store';

export const vmCreateParamsSchema = z.object({
  vmId: z.string(),
  disks: z.array(newDiskSchema),
  start: z.boolean(),
});
export type VmCreateParams = z.infer<typeof vmCreateParamsSchema>;

@Injectable()
export class VmCreateTask {
  readonly definition: TaskDefinition<VmCreateParams, Record<string, never>> = {
    kind: 'vm.create',
    cancellable: true,
    onOwnerLost: 'undo',
    queueKey: ({ vmId }) => vmId,
    parseParams: (value) => vmCreateParamsSchema.parse(value),
    parseCheckpoint: () => ({}),
    steps: [
      {
        name: 'Create the volumes',
        run: async ({ params }) => this.provisioning.createVolumes(params.disks),
        undo: async ({ params }) => {
          await this.provisioning.destroyVolumes(params.disks);
          await this.#forget(params);
        },
      },
      {
        name: 'Copy the images',
        weight: 20,
        run: async (context) => this.provisioning.copyImages(context.params.disks, context),
        undo: async ({ params, taskId }) => this.provisioning.releaseCopies(params.disks, taskId),
      },
      {
        name: 'Finish',
        run: async ({ params }) => {
          const desiredPowerState = params.start ? 'running' : 'stopped';
          await this.store.patch(params.vmId, { phase: 'ready', desiredPowerState });
          if (params.start) await this.power.startAfterCreation(params.vmId);
        },
      },
    ],
  };

  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly volumes: VolumeStore,
    private readonly provisioning: DiskProvisioning,
    private readonly power: VmPowerTasks,
    runner: TaskRunner,
  ) {
    runner.register(this.definition);
  }

  async #forget(params: VmCreateParams): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.store.remove(manager, params.vmId);
      for (const disk of params.disks) await this.volumes.removeRow(manager, disk.volumeId);
    });
  }
}
