// Volumes as rows with their engine counterparts. Every operation may be repeated after a crash:
// the engine knows our id as its external id, so a second creation finds the first one.
import { Inject, Injectable } from '@nestjs/common';
import { VolumeEntity, type VolumeRow } from '@cairn/persistence';
import type { EntityManager } from 'typeorm';
import { ChangeLog } from '../events/change-log';
import { Database } from '../platform/database';
import { ProblemError } from '../platform/problem';
import type { Storage } from '@cairn/block-store';
import { STORAGE } from '../platform/tokens';
import { StorageFacts } from './storage-facts';

export interface NewVolume {
  readonly id: string;
  readonly name: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly sizeBytes: number;
  readonly purpose: VolumeRow['purpose'];
}

@Injectable()
export class VolumeStore {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    private readonly facts: StorageFacts,
    @Inject(STORAGE) private readonly storage: Storage,
  ) {}

  async find(id: string): Promise<VolumeRow | null> {
    return this.database.read((manager) => manager.findOneBy(VolumeEntity, { id }));
  }

  /** Inserts the row in phase `creating`, within the caller's transaction. */
  async reserve(manager: EntityManager, volume: NewVolume): Promise<VolumeRow> {
    const now = new Date();
    const row: VolumeRow = {
      id: volume.id,
      name: volume.name,
      description: volume.description ?? '',
      tags: [...(volume.tags ?? [])],
      purpose: volume.purpose,
      phase: 'creating',
      sizeBytes: volume.sizeBytes,
      engineVolumeId: null,
      driveId: null,
      createdAt: now,
      updatedAt: now,
      revision: await this.#record(manager, volume.id, 'upsert'),
    };
    await manager.insert(VolumeEntity, row);
    return row;
  }

  /** Makes the engine volume of a reserved row and marks it ready. */
  async realise(id: string): Promise<VolumeRow> {
    const row = await this.require(id);
    if (row.phase === 'ready') return row;
    const made = await this.storage.createVolume({
      name: row.name,
      sizeBytes: row.sizeBytes,
      externalId: id,
    });
    this.facts.forget();
    return this.patch(id, { phase: 'ready', engineVolumeId: made.id, driveId: made.driveId });
  }

  /** Deletes the engine volume; the row stays. Harmless when there is none. */
  async destroyContent(id: string): Promise<void> {
    const row = await this.find(id);
    const engineId = row?.engineVolumeId ?? (await this.#engineIdOf(id));
    if (engineId === null) return;
    await this.storage.deleteVolume(engineId);
    this.facts.forget();
  }

  /** Deletes the volume, content first; harmless when it is gone. */
  async destroy(id: string): Promise<void> {
    await this.destroyContent(id);
    await this.database.transaction((manager) => this.removeRow(manager, id));
  }

  async removeRow(manager: EntityManager, id: string): Promise<void> {
    const result = await manager.delete(VolumeEntity, { id });
    if (result.affected !== 0) await this.#record(manager, id, 'delete');
  }

  async patch(id: string, patch: Partial<Omit<VolumeRow, 'id' | 'revision'>>): Promise<VolumeRow> {
    return this.database.transaction((manager) => this.patchWithin(manager, id, patch));
  }

  async patchWithin(
    manager: EntityManager,
    id: string,
    patch: Partial<Omit<VolumeRow, 'id' | 'revision'>>,
  ): Promise<VolumeRow> {
    const revision = await this.#record(manager, id, 'upsert');
    await manager.update(VolumeEntity, { id }, { ...patch, updatedAt: new Date(), revision });
    return manager.findOneByOrFail(VolumeEntity, { id });
  }

  async require(id: string): Promise<VolumeRow> {
    const row = await this.find(id);
    if (row === null) throw new ProblemError('volume.notFound', 'There is no such volume.');
    return row;
  }

  async requireEngineId(id: string): Promise<string> {
    const row = await this.require(id);
    if (row.engineVolumeId !== null) return row.engineVolumeId;
    throw new ProblemError('volume.notFound', `The volume ${row.name} has no content yet.`);
  }

  async #engineIdOf(id: string): Promise<string | null> {
    const volumes = await this.storage.volumes();
    return volumes.find((volume) => volume.externalId === id)?.id ?? null;
  }

  async #record(manager: EntityManager, id: string, kind: 'upsert' | 'delete'): Promise<number> {
    return this.changes.record(manager, { topic: 'volumes', kind, resourceId: id });
  }
}
