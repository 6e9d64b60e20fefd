// Volumes as clients see them. Writes are fast and answered directly.
import { Inject, Injectable } from '@nestjs/common';
import type {
  ListQuery,
  Page,
  Plan,
  ResourceRef,
  Volume,
  VolumeCreate,
  VolumePatch,
} from '@cairn/contracts';
import {
  MediaEntity,
  VmDiskEntity,
  VmEntity,
  VolumeEntity,
  type VolumeRow,
} from '@cairn/persistence';
import { ChangeFeed } from '../events/change-feed';
import { Database, violatedForeignKey, violatedUniqueConstraint } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { newId } from '../platform/ids';
import { pageOf } from '../platform/lists';
import { blocker, planOf, requireUnblocked } from '../platform/plans';
import { ProblemError } from '../platform/problem';
import { requireRevision } from '../platform/revisions';
import type { Storage } from '@cairn/block-store';
import { STORAGE } from '../platform/tokens';
import { StorageFacts, type StorageSnapshot } from './storage-facts';
import { VolumeStore } from './volume-store';
import { volumeViewOf } from './volume-view';

@Injectable()
export class VolumesService {
  constructor(
    private readonly database: Database,
    private readonly volumes: VolumeStore,
    private readonly facts: StorageFacts,
    private readonly feed: ChangeFeed,
    @Inject(STORAGE) private readonly storage: Storage,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {
    feed.registerTopic('volumes', async (id) => {
      const row = await volumes.find(id);
      return row === null ? null : this.#viewOf(row);
    });
  }

  async list(query: ListQuery): Promise<Page<Volume>> {
    const revision = this.feed.revision;
    const rows = await this.database.read((manager) => manager.find(VolumeEntity));
    const users = await this.#users();
    const snapshot = await this.facts.snapshotOrNull();
    const views = rows.map((row) => this.#view(row, users.get(row.id) ?? null, snapshot));
    return pageOf(views, query, { revision, defaultSort: 'name' });
  }

  async get(id: string): Promise<Volume> {
    return this.#viewOf(await this.volumes.require(id));
  }

  async planCreate(request: VolumeCreate): Promise<Plan> {
    const { drives } = await this.facts.snapshot();
    const usable = drives.items.filter((drive) => drive.state === 'in');
    const free = usable.reduce((sum, drive) => sum + (drive.freeBytes ?? 0), 0);
    return planOf({
      steps: [['create', `Create the volume ${request.name}`]],
      effects: [effect('create', { kind: 'volume', id: request.id ?? '', name: request.name })],
      blockers:
        usable.length === 0 ? [blocker('storage.noDrive', 'The pool has no usable drive.')] : [],
      warnings:
        request.sizeBytes > free
          ? ['The volume is larger than the free space; it is thin and can fill the pool.']
          : [],
      bytes: 0,
      seconds: 1,
    });
  }

  async create(request: VolumeCreate): Promise<Volume> {
    requireUnblocked(await this.planCreate(request));
    const id = request.id ?? newId();
    try {
      await this.database.transaction((manager) =>
        this.volumes.reserve(manager, { ...request, id, purpose: 'disk' }),
      );
    } catch (error) {
      throw takenProblem(error, request.name);
    }
    try {
      return await this.#viewOf(await this.volumes.realise(id));
    } catch (error) {
      await this.volumes.destroy(id);
      throw error;
    }
  }

  async update(id: string, patch: VolumePatch, ifMatch: number | null): Promise<Volume> {
    try {
      const row = await this.database.transaction(async (manager) => {
        const current = await manager.findOneBy(VolumeEntity, { id });
        if (current === null) throw notFound();
        requireRevision(current, ifMatch);
        return this.volumes.patchWithin(manager, id, definedOnly(patch));
      });
      return await this.#viewOf(row);
    } catch (error) {
      throw takenProblem(error, patch.name ?? '');
    }
  }

  async planDelete(id: string): Promise<Plan> {
    const row = await this.volumes.require(id);
    const users = await this.#users();
    const user = users.get(id) ?? null;
    const observed = (await this.facts.snapshotOrNull())?.volumes.get(id);
    const isAttached = (observed?.attachment ?? null) !== null;
    const blockers =
      user !== null
        ? [blocker('volume.inUse', `The ${user.kind} ${user.name ?? user.id} uses it.`, user)]
        : isAttached
          ? [blocker('volume.inUse', 'The volume is attached.')]
          : [];
    return planOf({
      steps: [['delete', `Delete the volume ${row.name} and its data`]],
      effects: [effect('delete', { kind: 'volume', id, name: row.name })],
      warnings: ['The data cannot be brought back.'],
      blockers,
      bytes: observed?.usedBytes ?? null,
      seconds: 1,
    });
  }

  async delete(id: string, ifMatch: number | null): Promise<void> {
    requireRevision(await this.volumes.require(id), ifMatch);
    requireUnblocked(await this.planDelete(id));
    await this.#markDeleting(id);
    await this.volumes.destroyContent(id);
    try {
      await this.database.transaction((manager) => this.volumes.removeRow(manager, id));
    } catch (error) {
      if (violatedForeignKey(error) === null) throw error;
      throw new ProblemError('volume.inUse', 'Something has begun to use the volume.');
    }
  }

  async planResize(id: string, sizeBytes: number): Promise<Plan> {
    const row = await this.volumes.require(id);
    const user = (await this.#users()).get(id) ?? null;
    const blockers = [];
    if (sizeBytes < row.sizeBytes) {
      blockers.push(blocker('volume.cannotShrink', `It has ${row.sizeBytes} bytes already.`));
    }
    if (row.purpose !== 'disk') {
      blockers.push(blocker('volume.inUse', 'Volumes of images and ISOs keep their size.'));
    }
    return planOf({
      steps: [['resize', `Grow the volume ${row.name}`]],
      effects: [
        {
          kind: 'update',
          resource: { kind: 'volume', id, name: row.name },
          before: String(row.sizeBytes),
          after: String(sizeBytes),
        },
      ],
      warnings: user?.kind === 'vm' ? ['A running VM sees the new size after its next start.'] : [],
      blockers,
      seconds: 1,
    });
  }

  async resize(id: string, sizeBytes: number): Promise<Volume> {
    requireUnblocked(await this.planResize(id, sizeBytes));
    await this.storage.resizeVolume(await this.volumes.requireEngineId(id), sizeBytes);
    this.facts.forget();
    return this.#viewOf(await this.volumes.patch(id, { sizeBytes }));
  }

  /** Two concurrent deletions: the second finds the row gone or in phase `deleting`. */
  async #markDeleting(id: string): Promise<void> {
    await this.database.transaction(async (manager) => {
      const row = await manager.findOne(VolumeEntity, {
        where: { id },
        lock: { mode: 'pessimistic_write' },
      });
      if (row === null) throw notFound();
      await this.volumes.patchWithin(manager, id, { phase: 'deleting' });
    });
  }

  async #viewOf(row: VolumeRow): Promise<Volume> {
    const users = await this.#users();
    const snapshot = await this.facts.snapshotOrNull();
    return this.#view(row, users.get(row.id) ?? null, snapshot);
  }

  #view(row: VolumeRow, usedBy: ResourceRef | null, snapshot: StorageSnapshot | null): Volume {
    const observed = snapshot === null ? null : snapshot.volumes.get(row.id);
    return volumeViewOf(row, { observed, usedBy, nodeId: this.environment.nodeId });
  }

  /** What uses each volume: the VM whose disk it is, or the medium whose content it holds. */
  async #users(): Promise<Map<string, ResourceRef>> {
    return this.database.read(async (manager) => {
      const users = new Map<string, ResourceRef>();
      const names = new Map((await manager.find(VmEntity)).map((vm) => [vm.id, vm.name]));
      for (const disk of await manager.find(VmDiskEntity)) {
        if (disk.volumeId === null) continue;
        const name = names.get(disk.vmId) ?? null;
        users.set(disk.volumeId, { kind: 'vm', id: disk.vmId, name });
      }
      for (const medium of await manager.find(MediaEntity)) {
        if (medium.volumeId === null) continue;
        users.set(medium.volumeId, { kind: medium.kind, id: medium.id, name: medium.name });
      }
      return users;
    });
  }
}

function effect(kind: 'create' | 'delete', resource: ResourceRef): Plan['effects'][number] {
  return { kind, resource, before: null, after: null };
}

/** Drops members that a merge patch has left out. */
function definedOnly(patch: VolumePatch): Partial<VolumeRow> {
  return Object.fromEntries(Object.entries(patch).filter(([, value]) => value !== undefined));
}

function takenProblem(error: unknown, name: string): unknown {
  const constraint = violatedUniqueConstraint(error);
  if (constraint === null) return error;
  if (constraint === 'volumes_pkey') {
    return new ProblemError('volume.exists', 'A volume with this id exists.');
  }
  return new ProblemError('volume.exists', `There is a volume named ${name} already.`);
}

function notFound(): ProblemError {
  return new ProblemError('volume.notFound', 'There is no such volume.');
}
