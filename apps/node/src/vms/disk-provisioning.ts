// Making the volumes of new disks, blank or copied from images; shared by creation and disk-add.
import { Injectable } from '@nestjs/common';
import { z } from 'zod';
import { copyVolume } from '../images/qemu-img';
import { sandboxUid } from '../images/sandboxed-process';
import type { TaskProgress } from '../tasks/task-definition';
import { VolumeAttachments } from '../volumes/volume-attachments';
import { VolumeStore } from '../volumes/volume-store';

/** A disk whose volume a task makes; the volume's row is reserved when the task is recorded. */
export const newDiskSchema = z.object({
  diskId: z.string(),
  volumeId: z.string(),
  /** Volume of the image that is copied; null leaves the disk blank. */
  imageVolumeId: z.string().nullable(),
  sizeBytes: z.number(),
});
export type NewDisk = z.infer<typeof newDiskSchema>;

export interface ProvisioningContext {
  readonly taskId: string;
  readonly signal: AbortSignal;
  progress(progress: TaskProgress): void;
}

@Injectable()
export class DiskProvisioning {
  constructor(
    private readonly volumes: VolumeStore,
    private readonly attachments: VolumeAttachments,
  ) {}

  async createVolumes(disks: readonly NewDisk[]): Promise<void> {
    for (const disk of disks) await this.volumes.realise(disk.volumeId);
  }

  async destroyVolumes(disks: readonly NewDisk[]): Promise<void> {
    for (const disk of disks) await this.volumes.destroyContent(disk.volumeId);
  }

  /** Copies every image; progress counts the bytes of all of them. */
  async copyImages(disks: readonly NewDisk[], context: ProvisioningContext): Promise<void> {
    const copies = disks.filter((disk) => disk.imageVolumeId !== null);
    const bytesTotal = copies.reduce((sum, disk) => sum + disk.sizeBytes, 0);
    let bytesBefore = 0;
    for (const disk of copies) {
      await this.#copy(disk, context, (fraction) =>
        context.progress({
          bytesDone: Math.round(bytesBefore + fraction * disk.sizeBytes),
          bytesTotal,
        }),
      );
      bytesBefore += disk.sizeBytes;
    }
  }

  /** Lets go of whatever an interrupted copy has attached. */
  async releaseCopies(disks: readonly NewDisk[], taskId: string): Promise<void> {
    for (const disk of disks) {
      if (disk.imageVolumeId === null) continue;
      await this.attachments.release(disk.volumeId, taskId);
      await this.attachments.release(disk.imageVolumeId, taskId);
    }
  }

  async #copy(
    disk: NewDisk,
    context: ProvisioningContext,
    onProgress: (fraction: number) => void,
  ): Promise<void> {
    const { imageVolumeId, volumeId } = disk;
    if (imageVolumeId === null) return;
    const uid = sandboxUid();
    const user = context.taskId;
    const source = await this.attachments.attach(imageVolumeId, user, {
      readOnly: true,
      uid: null,
    });
    const target = await this.attachments.attach(volumeId, user, { readOnly: false, uid });
    await copyVolume(source, target, { signal: context.signal, onProgress });
    await this.attachments.release(volumeId, user);
    await this.attachments.release(imageVolumeId, user);
  }
}
