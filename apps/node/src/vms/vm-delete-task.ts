// The deletion of a VM. From the first deleted volume on there is no way back, so a restart of the
// service takes it up and goes on; a failure leaves the VM in phase `failed`, to be deleted again.
import { Inject, Injectable } from '@nestjs/common';
import type { VmRuntime } from '@cairn/vm-runtime';
import { z } from 'zod';
import { Database } from '../platform/database';
import { VM_RUNTIME } from '../platform/tokens';
import type { TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { VolumeStore } from '../volumes/volume-store';
import { VmBoard } from './vm-board';
import { VmPower } from './vm-power';
import { VmStore } from './vm-store';

export const vmDeleteParamsSchema = z.object({
  vmId: z.string(),
  /** Volumes that go with the VM. */
  volumeIds: z.array(z.string()),
});
export type VmDeleteParams = z.infer<typeof vmDeleteParamsSchema>;

@Injectable()
export class VmDeleteTask {
  readonly definition: TaskDefinition<VmDeleteParams, Record<string, never>> = {
    kind: 'vm.delete',
    cancellable: false,
    onOwnerLost: 'resume',
    queueKey: ({ vmId }) => vmId,
    parseParams: (value) => vmDeleteParamsSchema.parse(value),
    parseCheckpoint: () => ({}),
    steps: [
      {
        name: 'Let go of the disks',
        run: async ({ params }) => {
          const record = await this.store.find(params.vmId);
          if (record !== null) await this.power.releaseAll(record);
          if (this.runtime.status(params.vmId) !== undefined) {
            await this.runtime.forget(params.vmId);
          }
        },
        undo: async ({ params }, cause) =>
          this.store.patch(params.vmId, { phase: 'failed', lastError: cause.detail }),
      },
      {
        name: 'Delete the volumes',
        weight: 3,
        run: async ({ params }) => {
          for (const volumeId of params.volumeIds) await this.volumes.destroyContent(volumeId);
        },
      },
      {
        name: 'Delete the VM',
        run: async ({ params }) => {
          await this.database.transaction(async (manager) => {
            await this.store.remove(manager, params.vmId);
            for (const id of params.volumeIds) await this.volumes.removeRow(manager, id);
          });
          this.board.forget(params.vmId);
        },
      },
    ],
  };

  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly volumes: VolumeStore,
    private readonly power: VmPower,
    private readonly board: VmBoard,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    runner: TaskRunner,
  ) {
    runner.register(this.definition);
  }
}
