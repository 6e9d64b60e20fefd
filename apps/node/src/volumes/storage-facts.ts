// What cairn-storage said last. Lists, the dashboard and events look at drives and volumes many
// times a second; the daemon is asked at most once per `MAX_AGE_MS`.
import { Inject, Injectable } from '@nestjs/common';
import type { StorageDriveList, StorageVolume } from '@cairn/contracts';
import type { Storage } from '@cairn/block-store';
import { STORAGE } from '../platform/tokens';

const MAX_AGE_MS = 1_500;

export interface StorageSnapshot {
  readonly drives: StorageDriveList;
  /** By the volume's API id, which the daemon knows as its external id. */
  readonly volumes: ReadonlyMap<string, StorageVolume>;
}

@Injectable()
export class StorageFacts {
  #latest: { readonly takenAtMs: number; readonly snapshot: StorageSnapshot } | null = null;
  #asking: Promise<StorageSnapshot> | null = null;

  constructor(@Inject(STORAGE) private readonly storage: Storage) {}

  /** Rejects with the daemon's StorageError when it does not answer. */
  async snapshot(): Promise<StorageSnapshot> {
    const latest = this.#latest;
    if (latest !== null && performance.now() - latest.takenAtMs < MAX_AGE_MS)
      return latest.snapshot;
    this.#asking ??= this.#ask().finally(() => (this.#asking = null));
    return this.#asking;
  }

  /** The snapshot, or null when the daemon does not answer: views show "unknown" then. */
  async snapshotOrNull(): Promise<StorageSnapshot | null> {
    try {
      return await this.snapshot();
    } catch {
      return null;
    }
  }

  /** After a change of ours: the next look asks again. */
  forget(): void {
    this.#latest = null;
  }

  async #ask(): Promise<StorageSnapshot> {
    const takenAtMs = performance.now();
    const [drives, volumes] = await Promise.all([this.storage.drives(), this.storage.volumes()]);
    const byExternalId = volumes.flatMap((volume) =>
      volume.externalId === null ? [] : [[volume.externalId, volume] as const],
    );
    const snapshot = { drives, volumes: new Map(byExternalId) };
    this.#latest = { takenAtMs, snapshot };
    return snapshot;
  }
}
