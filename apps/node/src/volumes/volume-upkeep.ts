// Volumes that a former run of the service was making or deleting directly, without a task, when
// it ended: what was half made or half deleted goes. Volumes of open tasks are theirs to settle.
import { Inject, Injectable } from '@nestjs/common';
import { MediaEntity, TaskEntity, VmDiskEntity, VolumeEntity } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { In } from 'typeorm';
import { Database } from '../platform/database';
import { LOGGER } from '../platform/tokens';
import { VolumeStore } from './volume-store';

@Injectable()
export class VolumeUpkeep {
  constructor(
    private readonly database: Database,
    private readonly volumes: VolumeStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Runs at start, before tasks are taken up. Needs the storage daemon. */
  async settleAtStart(): Promise<void> {
    for (const id of await this.#abandoned()) {
      this.logger.info({ volume: id }, 'deleting a volume that was half made');
      await this.volumes.destroy(id);
    }
  }

  async #abandoned(): Promise<string[]> {
    return this.database.read(async (manager) => {
      const rows = await manager.findBy(VolumeEntity, { phase: In(['creating', 'deleting']) });
      if (rows.length === 0) return [];
      const open = await manager.findBy(TaskEntity, { state: In(['queued', 'running']) });
      const ofTasks = JSON.stringify(open.map(({ params, checkpoint }) => [params, checkpoint]));
      const disks = await manager.find(VmDiskEntity);
      const media = await manager.find(MediaEntity);
      const used = new Set([...disks, ...media].map(({ volumeId }) => volumeId));
      return rows.map(({ id }) => id).filter((id) => !used.has(id) && !ofTasks.includes(id));
    });
  }
}
