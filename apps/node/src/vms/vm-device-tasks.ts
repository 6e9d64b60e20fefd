// The tasks of disks, media and network cards. A running guest takes on disks and cards at its
// next start (the VM says so with `restartPending`); media change at once.
import { Inject, Injectable } from '@nestjs/common';
import type { Storage } from '@cairn/block-store';
import {
  MediaEntity,
  VmDiskEntity,
  VmNicEntity,
  type VmDiskRow,
  type VmNicRow,
} from '@cairn/persistence';
import type { VmRuntime } from '@cairn/vm-runtime';
import { z } from 'zod';
import { Database } from '../platform/database';
import { ProblemError } from '../platform/problem';
import { STORAGE, VM_RUNTIME } from '../platform/tokens';
import type { TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { StorageFacts } from '../volumes/storage-facts';
import { VolumeAttachments } from '../volumes/volume-attachments';
import { VolumeStore } from '../volumes/volume-store';
import { DiskProvisioning, newDiskSchema } from './disk-provisioning';
import { VmPower } from './vm-power';
import { VmStore } from './vm-store';

type NoCheckpoint = Record<string, never>;

const diskAddSchema = z.object({
  vmId: z.string(),
  row: z.custom<VmDiskRow>((value) => typeof value === 'object' && value !== null),
  newDisk: newDiskSchema.nullable(),
});
const diskResizeSchema = z.object({
  vmId: z.string(),
  volumeId: z.string(),
  sizeBytes: z.number(),
});
const diskRemoveSchema = z.object({
  vmId: z.string(),
  diskId: z.string(),
  volumeId: z.string().nullable(),
  keepVolume: z.boolean(),
});
const mediaSchema = z.object({
  vmId: z.string(),
  diskId: z.string(),
  isoId: z.string().nullable(),
});
const nicAddSchema = z.object({
  vmId: z.string(),
  row: z.custom<VmNicRow>((value) => typeof value === 'object' && value !== null),
});
const nicRemoveSchema = z.object({ vmId: z.string(), nicId: z.string() });

type DiskAdd = z.infer<typeof diskAddSchema>;
type DiskResize = z.infer<typeof diskResizeSchema>;
type DiskRemove = z.infer<typeof diskRemoveSchema>;
type Media = z.infer<typeof mediaSchema>;
type NicAdd = z.infer<typeof nicAddSchema>;
type NicRemove = z.infer<typeof nicRemoveSchema>;

/** What all of them share: one VM's tasks run one after another, and none can be cancelled. */
function deviceTask<Params extends { vmId: string }>(
  kind: TaskDefinition<Params, NoCheckpoint>['kind'],
  schema: z.ZodType<Params>,
  rest: Pick<TaskDefinition<Params, NoCheckpoint>, 'onOwnerLost' | 'steps'>,
): TaskDefinition<Params, NoCheckpoint> {
  return {
    kind,
    cancellable: kind === 'vm.diskAdd',
    queueKey: ({ vmId }) => vmId,
    parseParams: (value) => schema.parse(value),
    parseCheckpoint: () => ({}),
    ...rest,
  };
}

@Injectable()
export class VmDeviceTasks {
  readonly diskAdd = deviceTask<DiskAdd>('vm.diskAdd', diskAddSchema, {
    onOwnerLost: 'undo',
    steps: [
      {
        name: 'Create the volume',
        run: async ({ params }) => this.provisioning.createVolumes(listOf(params.newDisk)),
        undo: async ({ params }) => {
          for (const { volumeId } of listOf(params.newDisk)) await this.volumes.destroy(volumeId);
        },
      },
      {
        name: 'Copy the image',
        weight: 20,
        run: async (context) =>
          this.provisioning.copyImages(listOf(context.params.newDisk), context),
        undo: async ({ params, taskId }) =>
          this.provisioning.releaseCopies(listOf(params.newDisk), taskId),
      },
      { name: 'Add the disk', run: async ({ params }) => this.#insertDisk(params.row) },
    ],
  });

  readonly diskResize = deviceTask<DiskResize>('vm.diskResize', diskResizeSchema, {
    onOwnerLost: 'resume',
    steps: [
      {
        name: 'Grow the volume',
        run: async ({ params }) => {
          const { vmId, volumeId, sizeBytes } = params;
          const engineId = await this.volumes.requireEngineId(volumeId);
          await this.storage.resizeVolume(engineId, sizeBytes);
          this.facts.forget();
          await this.volumes.patch(volumeId, { sizeBytes });
          await this.store.announce(vmId);
        },
      },
    ],
  });

  readonly diskRemove = deviceTask<DiskRemove>('vm.diskRemove', diskRemoveSchema, {
    onOwnerLost: 'resume',
    steps: [
      {
        name: 'Take the disk out',
        run: async ({ params }) => {
          if (params.volumeId !== null) {
            await this.attachments.release(params.volumeId, params.vmId);
          }
          await this.#deleteRow(params.vmId, VmDiskEntity, params.diskId);
        },
      },
      {
        name: 'Delete the volume',
        run: async ({ params }) => {
          const { volumeId, keepVolume } = params;
          if (volumeId !== null && !keepVolume) await this.volumes.destroy(volumeId);
        },
      },
    ],
  });

  readonly mediaInsert = deviceTask<Media>('vm.mediaInsert', mediaSchema, {
    onOwnerLost: 'resume',
    steps: [{ name: 'Insert the medium', run: async ({ params }) => this.#changeMedium(params) }],
  });

  readonly mediaEject = deviceTask<Media>('vm.mediaEject', mediaSchema, {
    onOwnerLost: 'resume',
    steps: [{ name: 'Eject the medium', run: async ({ params }) => this.#changeMedium(params) }],
  });

  readonly nicAdd = deviceTask<NicAdd>('vm.nicAdd', nicAddSchema, {
    onOwnerLost: 'resume',
    steps: [{ name: 'Add the card', run: async ({ params }) => this.#insertNic(params.row) }],
  });

  readonly nicRemove = deviceTask<NicRemove>('vm.nicRemove', nicRemoveSchema, {
    onOwnerLost: 'resume',
    steps: [
      {
        name: 'Remove the card',
        run: async ({ params }) => this.#deleteRow(params.vmId, VmNicEntity, params.nicId),
      },
    ],
  });

  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly volumes: VolumeStore,
    private readonly attachments: VolumeAttachments,
    private readonly provisioning: DiskProvisioning,
    private readonly power: VmPower,
    private readonly facts: StorageFacts,
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
    runner: TaskRunner,
  ) {
    runner.register(this.diskAdd);
    runner.register(this.diskResize);
    runner.register(this.diskRemove);
    runner.register(this.mediaInsert);
    runner.register(this.mediaEject);
    runner.register(this.nicAdd);
    runner.register(this.nicRemove);
  }

  async #insertDisk(row: VmDiskRow): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.store.lock(manager, row.vmId);
      if ((await manager.countBy(VmDiskEntity, { id: row.id })) > 0) return;
      await manager.insert(VmDiskEntity, row);
      await this.store.patchWithin(manager, row.vmId, {});
    });
  }

  async #insertNic(row: VmNicRow): Promise<void> {
    await this.database.transaction(async (manager) => {
      await this.store.lock(manager, row.vmId);
      if ((await manager.countBy(VmNicEntity, { id: row.id })) > 0) return;
      await manager.insert(VmNicEntity, row);
      await this.store.patchWithin(manager, row.vmId, {});
    });
  }

  async #deleteRow(
    vmId: string,
    entity: typeof VmDiskEntity | typeof VmNicEntity,
    id: string,
  ): Promise<void> {
    await this.database.transaction(async (manager) => {
      await manager.delete(entity, { id });
      await this.store.patchWithin(manager, vmId, {});
    });
  }

  /** The new medium is attached and inserted before the row says so; the old one goes last. */
  async #changeMedium({ vmId, diskId, isoId }: Media): Promise<void> {
    const record = await this.store.require(vmId);
    const drive = record.disks.find((disk) => disk.id === diskId);
    if (drive === undefined) throw new ProblemError('disk.notFound', 'The drive is gone.');
    const oldVolumeId = await this.power.volumeOf(drive);
    const newVolumeId = isoId === null ? null : await this.#volumeOfIso(isoId);
    if (this.power.isRunning(vmId) && this.#hasDrive(vmId, diskId)) {
      if (newVolumeId === null) await this.runtime.ejectMedia(vmId, diskId);
      else {
        const source = await this.power.attachMedium(vmId, newVolumeId);
        await this.runtime.insertMedia(vmId, diskId, source);
      }
    }
    await this.database.transaction(async (manager) => {
      await manager.update(VmDiskEntity, { id: diskId }, { isoId });
      await this.store.patchWithin(manager, vmId, {});
    });
    if (oldVolumeId !== null && oldVolumeId !== newVolumeId) {
      await this.attachments.release(oldVolumeId, vmId);
    }
  }

  async #volumeOfIso(isoId: string): Promise<string> {
    const iso = await this.database.read((manager) =>
      manager.findOneBy(MediaEntity, { id: isoId, kind: 'iso' }),
    );
    if (iso?.volumeId === undefined || iso.volumeId === null) {
      throw new ProblemError('iso.notFound', 'The ISO is gone.');
    }
    return iso.volumeId;
  }

  /** A drive that was added while the guest ran is not there for it yet. */
  #hasDrive(vmId: string, diskId: string): boolean {
    return this.runtime.status(vmId)?.spec.disks.some((disk) => disk.id === diskId) === true;
  }
}

function listOf<Item>(item: Item | null): Item[] {
  return item === null ? [] : [item];
}
