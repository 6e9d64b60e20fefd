// Images and ISOs as rows. Both are media: metadata of the volume that holds their bytes.
import { Inject, Injectable } from '@nestjs/common';
import { MediaEntity, type MediaRow } from '@cairn/persistence';
import type { EntityManager } from 'typeorm';
import { ChangeLog } from '../events/change-log';
import { Database, violatedUniqueConstraint } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { ProblemError } from '../platform/problem';

export type MediaKind = MediaRow['kind'];

export type NewMedia = Pick<MediaRow, 'id' | 'kind' | 'name' | 'description' | 'tags' | 'state'> &
  Partial<Pick<MediaRow, 'source' | 'sourceUrl' | 'fileBytes' | 'checksum'>>;

export type MediaPatchRow = Partial<Omit<MediaRow, 'id' | 'kind' | 'revision'>>;

const WORDS = { image: 'image', iso: 'ISO' } as const;

@Injectable()
export class MediaStore {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  async insert(manager: EntityManager, media: NewMedia): Promise<MediaRow> {
    const now = new Date();
    const row: MediaRow = {
      source: 'upload',
      sourceUrl: null,
      fileBytes: null,
      checksum: null,
      ...media,
      format: null,
      virtualSizeBytes: null,
      error: null,
      nodeId: this.environment.nodeId,
      taskId: null,
      volumeId: null,
      createdAt: now,
      updatedAt: now,
      revision: await this.#record(manager, media.kind, media.id, 'upsert'),
    };
    await manager.insert(MediaEntity, row);
    return row;
  }

  async all(kind: MediaKind): Promise<MediaRow[]> {
    return this.database.read((manager) => manager.findBy(MediaEntity, { kind }));
  }

  async find(id: string): Promise<MediaRow | null> {
    return this.database.read((manager) => manager.findOneBy(MediaEntity, { id }));
  }

  async require(kind: MediaKind, id: string): Promise<MediaRow> {
    const row = await this.database.read((manager) => manager.findOneBy(MediaEntity, { id, kind }));
    if (row === null) throw mediaNotFound(kind);
    return row;
  }

  async patch(id: string, patch: MediaPatchRow): Promise<void> {
    await this.database.transaction((manager) => this.patchWithin(manager, id, patch));
  }

  async patchWithin(manager: EntityManager, id: string, patch: MediaPatchRow): Promise<void> {
    const row = await manager.findOneBy(MediaEntity, { id });
    if (row === null) return;
    const revision = await this.#record(manager, row.kind, id, 'upsert');
    await manager.update(MediaEntity, { id }, { ...patch, updatedAt: new Date(), revision });
  }

  /** Locks the row for the transaction: a second writer sees what the first one has decided. */
  async lock(manager: EntityManager, kind: MediaKind, id: string): Promise<MediaRow> {
    const row = await manager.findOne(MediaEntity, {
      where: { id, kind },
      lock: { mode: 'pessimistic_write' },
    });
    if (row === null) throw mediaNotFound(kind);
    return row;
  }

  async remove(manager: EntityManager, kind: MediaKind, id: string): Promise<void> {
    const result = await manager.delete(MediaEntity, { id });
    if (result.affected !== 0) await this.#record(manager, kind, id, 'delete');
  }

  async #record(
    manager: EntityManager,
    kind: MediaKind,
    id: string,
    change: 'upsert' | 'delete',
  ): Promise<number> {
    const topic = kind === 'image' ? 'images' : 'isos';
    return this.changes.record(manager, { topic, kind: change, resourceId: id });
  }
}

export function mediaNotFound(kind: MediaKind): ProblemError {
  return new ProblemError(`${kind}.notFound`, `There is no such ${WORDS[kind]}.`);
}

/** Turns a violated unique constraint of media into its refusal. */
export function mediaTaken(error: unknown, kind: MediaKind, name: string): unknown {
  const constraint = violatedUniqueConstraint(error);
  if (constraint === null || !constraint.startsWith('media_')) return error;
  const isName = constraint === 'media_kind_name_key';
  const what = isName ? `named ${name}` : 'with this id';
  return new ProblemError(`${kind}.exists`, `There is an ${WORDS[kind]} ${what} already.`);
}
