// The long work of drives: formatting and taking out.
import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { ChangeLog } from '../events/change-log';
import { Database } from '../platform/database';
import { StorageError, type Storage, type StorageErrorKind } from '@cairn/block-store';
import type { ProblemCode } from '@cairn/contracts';
import { ProblemError } from '../platform/problem';
import { STORAGE } from '../platform/tokens';
import type { TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { StorageFacts } from '../volumes/storage-facts';

const addParamsSchema = z.object({
  path: z.string(),
  createBytes: z.number().optional(),
  force: z.boolean(),
});
export type DriveAddParams = z.infer<typeof addParamsSchema>;

const addCheckpointSchema = z.object({ driveId: z.string() }).partial();
export type DriveAddCheckpoint = z.infer<typeof addCheckpointSchema>;

const removeParamsSchema = z.object({ driveId: z.string() });
export type DriveRemoveParams = z.infer<typeof removeParamsSchema>;

/** Drives are changed one after another on a node. */
const DRIVES_QUEUE = 'drives';

@Injectable()
export class DriveTasks {
  readonly add: TaskDefinition<DriveAddParams, DriveAddCheckpoint> = {
    kind: 'drive.add',
    cancellable: false,
    // Formatting is not repeated by itself: a drive that was half formatted needs a person's force.
    onOwnerLost: 'undo',
    queueKey: () => DRIVES_QUEUE,
    parseParams: (value) => addParamsSchema.parse(value),
    parseCheckpoint: (value) => addCheckpointSchema.parse(value),
    steps: [
      {
        name: 'Format the drive and open its store',
        run: async ({ params, save }) => {
          const { path, createBytes, force } = params;
          const request =
            createBytes === undefined ? { path, force } : { path, createBytes, force };
          const drive = await this.storage.addDrive(request).catch(refuseAsDrive(path));
          await save({ driveId: drive.id });
          await this.#announce(drive.id, 'upsert');
        },
      },
    ],
  };

  readonly remove: TaskDefinition<DriveRemoveParams, Record<string, never>> = {
    kind: 'drive.remove',
    cancellable: false,
    onOwnerLost: 'resume',
    queueKey: () => DRIVES_QUEUE,
    parseParams: (value) => removeParamsSchema.parse(value),
    parseCheckpoint: () => ({}),
    steps: [
      {
        name: 'Take the drive out of the pool',
        run: async ({ params }) => {
          await this.storage.removeDrive(params.driveId).catch(refuseAsDrive(params.driveId));
          await this.#announce(params.driveId, 'delete');
        },
      },
    ],
  };

  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly facts: StorageFacts,
    @Inject(STORAGE) private readonly storage: Storage,
    runner: TaskRunner,
  ) {
    runner.register(this.add);
    runner.register(this.remove);
  }

  async #announce(driveId: string, kind: 'upsert' | 'delete'): Promise<void> {
    this.facts.forget();
    await this.database.transaction((manager) =>
      this.changes.record(manager, { topic: 'drives', kind, resourceId: driveId }),
    );
  }
}

/** What the daemon refuses about a drive is told as a problem of the drive. */
function refuseAsDrive(drive: string): (error: unknown) => never {
  const codes: Partial<Record<StorageErrorKind, ProblemCode>> = {
    not_found: 'drive.unusable',
    invalid_argument: 'drive.unusable',
    already_exists: 'drive.alreadyAdded',
    busy: 'drive.inUse',
    io_error: 'drive.unusable',
  };
  return (error) => {
    const code = error instanceof StorageError ? codes[error.kind] : undefined;
    if (code === undefined || !(error instanceof StorageError)) throw error;
    throw new ProblemError(code, `${drive}: ${error.message}`, { cause: error });
  };
}
