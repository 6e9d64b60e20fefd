// Keeps the staging directory honest: files that no medium awaits are deleted at start, uploads
// that nobody continued and failed imports are forgotten after a day.
import { Inject, Injectable } from '@nestjs/common';
import { MediaEntity } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { Database } from '../platform/database';
import { LOGGER } from '../platform/tokens';
import { MediaStore } from './media-store';
import { Staging } from './staging';

const ABANDONED_MS = 24 * 3600 * 1000;

@Injectable()
export class MediaUpkeep {
  constructor(
    private readonly database: Database,
    private readonly media: MediaStore,
    private readonly staging: Staging,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Runs at start, before tasks are taken up; those delete their own files. */
  async cleanAtStart(): Promise<void> {
    const rows = await this.database.read((manager) => manager.find(MediaEntity));
    const wanted = rows.filter((row) => row.state !== 'ready' && row.state !== 'failed');
    const orphans = await this.staging.removeOrphans(new Set(wanted.map((row) => row.id)));
    if (orphans.length > 0) this.logger.info({ orphans }, 'staged files deleted');
  }

  async prune(now: Date): Promise<void> {
    const before = new Date(now.getTime() - ABANDONED_MS);
    const rows = await this.database.read((manager) => manager.find(MediaEntity));
    for (const row of rows) {
      const isOver = row.state === 'failed' && row.volumeId === null;
      if (row.updatedAt > before) continue;
      if (!isOver && row.state !== 'awaitingUpload') continue;
      const received = await this.staging.receivedBytes(row.id);
      const isMoving = row.state === 'awaitingUpload' && received > 0 && !isOver;
      if (isMoving && (await this.staging.changedAfter(row.id, before))) continue;
      await this.database.transaction((manager) => this.media.remove(manager, row.kind, row.id));
      await this.staging.remove(row.id);
    }
  }
}
