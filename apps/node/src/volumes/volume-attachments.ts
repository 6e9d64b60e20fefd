// Who uses which attached volume. A volume is attached for its first user and detached after its
// last one: an ISO may be in the drives of several VMs, an image may be copied twice at once.
// Which users there are is derived, never stored: at start the running guests are counted in.
import { Inject, Injectable } from '@nestjs/common';
import type { StorageVolumeAttachInput } from '@cairn/contracts';
import type { Logger } from '@cairn/telemetry';
import { KeyedQueue } from '../platform/keyed-queue';
import type { Storage } from '@cairn/block-store';
import { LOGGER, STORAGE } from '../platform/tokens';
import { StorageFacts } from './storage-facts';
import { VolumeStore } from './volume-store';

/** Where a volume is served over NBD. */
export interface VolumeEndpoint {
  readonly socketPath: string;
  readonly exportName: string;
}

export interface AttachRequest {
  readonly readOnly: boolean;
  /** The Unix user that may connect; null: the daemon's own, or anybody if read-only. */
  readonly uid: number | null;
}

@Injectable()
export class VolumeAttachments {
  readonly #users = new Map<string, Set<string>>();
  readonly #queue = new KeyedQueue(64);

  constructor(
    private readonly volumes: VolumeStore,
    private readonly facts: StorageFacts,
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Attaches the volume for `user` (a VM's or a task's id) and tells where it is served. */
  async attach(volumeId: string, user: string, request: AttachRequest): Promise<VolumeEndpoint> {
    return this.#queue.run(volumeId, async () => {
      const engineId = await this.volumes.requireEngineId(volumeId);
      const attachment = await this.storage.attachVolume(engineId, attachInputOf(request));
      this.#addUser(volumeId, user);
      this.facts.forget();
      return { socketPath: attachment.socketPath, exportName: attachment.exportName };
    });
  }

  /** Ends the use by `user`; detaches when it was the last. Harmless when it was none. */
  async release(volumeId: string, user: string): Promise<void> {
    await this.#queue.run(volumeId, async () => {
      const users = this.#users.get(volumeId);
      users?.delete(user);
      if (users !== undefined && users.size > 0) return;
      this.#users.delete(volumeId);
      const row = await this.volumes.find(volumeId);
      if (row?.engineVolumeId === null || row === null) return;
      await this.storage.detachVolume(row.engineVolumeId);
      this.facts.forget();
    });
  }

  /** Counts in a user that a former run of the service has attached the volume for. */
  adopt(volumeId: string, user: string): void {
    this.#addUser(volumeId, user);
  }

  isUsed(volumeId: string): boolean {
    return (this.#users.get(volumeId)?.size ?? 0) > 0;
  }

  /** Detaches what a former run has left attached for nobody. Called when users are adopted. */
  async releaseUnused(): Promise<void> {
    for (const volume of await this.storage.volumes()) {
      const { externalId, attachment } = volume;
      if (externalId === null || (await this.volumes.find(externalId)) === null) {
        // After a restore of an older database it may be all that is left of somebody's data.
        this.logger.warn({ volume: volume.id, name: volume.name }, 'a volume belongs to nobody');
        continue;
      }
      if (attachment === null || this.isUsed(externalId)) continue;
      this.logger.info({ volume: externalId }, 'detaching a volume that nothing uses');
      await this.release(externalId, '');
    }
  }

  #addUser(volumeId: string, user: string): void {
    const users = this.#users.get(volumeId) ?? new Set();
    users.add(user);
    this.#users.set(volumeId, users);
  }
}

function attachInputOf(request: AttachRequest): StorageVolumeAttachInput {
  const { readOnly, uid } = request;
  return uid === null ? { readOnly } : { readOnly, socketUid: uid, socketGid: uid };
}
