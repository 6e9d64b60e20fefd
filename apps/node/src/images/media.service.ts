// Images and ISOs as clients see them: announce, upload in parts, import, describe, delete.
import { Injectable } from '@nestjs/common';
import {
  parseContentRange,
  limits,
  type BuildDemo,
  type ImageCreate,
  type ImageImportUrl,
  type MediaPatch,
  type Plan,
  type UploadState,
} from '@cairn/contracts';
import { MediaEntity, VmDiskEntity, type MediaRow, type TaskRow } from '@cairn/persistence';
import type { Readable } from 'node:stream';
import type { EntityManager } from 'typeorm';
import { Database } from '../platform/database';
import { newId } from '../platform/ids';
import { blocker, planOf, requireUnblocked } from '../platform/plans';
import { ProblemError } from '../platform/problem';
import { requireRevision } from '../platform/revisions';
import type { TaskActor, TaskDefinition } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { VolumeAttachments } from '../volumes/volume-attachments';
import type { ImportCheckpoint, ImportParams } from './media-import';
import { MediaStore, mediaTaken, type MediaKind, type NewMedia } from './media-store';
import { MediaTasks } from './media-tasks';
import type { MediaSurroundings } from './media-view';
import { Staging } from './staging';

export interface UploadPart {
  readonly contentRange: string | undefined;
  readonly contentLength: number | null;
  readonly body: Readable;
}

export type UploadResult =
  | { readonly kind: 'stored'; readonly state: UploadState }
  | { readonly kind: 'complete'; readonly task: TaskRow };

@Injectable()
export class MediaService {
  /** Media that take a part at this moment: two parts at once would mix. */
  readonly #uploading = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly media: MediaStore,
    private readonly staging: Staging,
    private readonly runner: TaskRunner,
    private readonly tasks: MediaTasks,
    private readonly attachments: VolumeAttachments,
  ) {}

  async surroundings(rows: readonly MediaRow[]): Promise<Map<string, MediaSurroundings>> {
    const disks = await this.database.read((manager) => manager.find(VmDiskEntity));
    const result = new Map<string, MediaSurroundings>();
    for (const row of rows) {
      const vms = new Set(disks.filter((disk) => disk.isoId === row.id).map((disk) => disk.vmId));
      const isOpen = row.state === 'awaitingUpload';
      const receivedBytes = isOpen ? await this.staging.receivedBytes(row.id) : 0;
      result.set(row.id, { receivedBytes, usedByVms: vms.size });
    }
    return result;
  }

  async announce(kind: MediaKind, request: ImageCreate): Promise<MediaRow> {
    await this.staging.requireSpace(request.sizeBytes);
    const row = await this.#insert({
      ...namingOf(kind, request),
      state: 'awaitingUpload',
      fileBytes: request.sizeBytes,
      checksum: request.checksum ?? null,
    });
    await this.staging.create(row.id);
    return row;
  }

  async upload(
    kind: MediaKind,
    id: string,
    part: UploadPart,
    actor: TaskActor,
  ): Promise<UploadResult> {
    const row = await this.media.require(kind, id);
    if (row.state !== 'awaitingUpload' || row.fileBytes === null) {
      throw new ProblemError(`${kind}.wrongState`, 'It does not await an upload.');
    }
    if (this.#uploading.has(id)) {
      throw new ProblemError('upload.offsetMismatch', 'Another part is being received.');
    }
    this.#uploading.add(id);
    try {
      return await this.#receive(row, row.fileBytes, part, actor);
    } finally {
      this.#uploading.delete(id);
    }
  }

  async importUrl(kind: MediaKind, request: ImageImportUrl, actor: TaskActor): Promise<TaskRow> {
    const url = request.url;
    const media: NewMedia = {
      ...namingOf(kind, request),
      state: 'downloading',
      source: 'url',
      sourceUrl: url,
      checksum: request.checksum ?? null,
    };
    return this.#insertWithTask(media, this.tasks.downloads[kind], { url, flavour: null }, actor);
  }

  async buildDemo(request: BuildDemo, actor: TaskActor): Promise<TaskRow> {
    const { flavour } = request;
    const media: NewMedia = {
      id: request.id ?? newId(),
      kind: 'image',
      name: request.name ?? `demo-${flavour}`,
      description: 'Built from the packages of the node.',
      tags: ['demo'],
      state: 'building',
      source: 'demo',
    };
    return this.#insertWithTask(media, this.tasks.buildDemo, { url: null, flavour }, actor);
  }

  async update(
    kind: MediaKind,
    id: string,
    patch: MediaPatch,
    ifMatch: number | null,
  ): Promise<MediaRow> {
    const wanted = Object.fromEntries(
      Object.entries(patch).filter(([, value]) => value !== undefined),
    );
    try {
      await this.database.transaction(async (manager) => {
        requireRevision(await this.media.lock(manager, kind, id), ifMatch);
        await this.media.patchWithin(manager, id, wanted);
      });
    } catch (error) {
      throw mediaTaken(error, kind, patch.name ?? '');
    }
    return this.media.require(kind, id);
  }

  async planDelete(kind: MediaKind, id: string): Promise<Plan> {
    return this.database.read(async (manager) =>
      this.#deletionPlan(manager, await this.media.require(kind, id)),
    );
  }

  async delete(
    kind: MediaKind,
    id: string,
    request: { readonly ifMatch: number | null; readonly actor: TaskActor },
  ): Promise<TaskRow> {
    const definition = this.tasks.deletions[kind];
    const task = await this.database.transaction(async (manager) => {
      const row = await this.media.lock(manager, kind, id);
      requireRevision(row, request.ifMatch);
      requireUnblocked(await this.#deletionPlan(manager, row));
      const prepared = await this.runner.prepare(definition, {
        params: { mediaId: id, kind, volumeId: row.volumeId },
        resource: { kind, id, name: row.name },
        actor: request.actor,
        manager,
      });
      await this.media.patchWithin(manager, id, { state: 'deleting', taskId: prepared.id });
      return prepared;
    });
    this.runner.start(task);
    return task;
  }

  async #deletionPlan(manager: EntityManager, row: MediaRow): Promise<Plan> {
    const { kind, id, name } = row;
    const resource = { kind, id, name } as const;
    const blockers = [];
    const isWorkedOn = row.state === 'importing' || row.state === 'downloading';
    if (isWorkedOn || row.state === 'building') {
      blockers.push(blocker(`${kind}.wrongState`, 'A task works on it; cancel that first.'));
    }
    if (row.state === 'deleting') {
      blockers.push(blocker(`${kind}.wrongState`, 'It is being deleted already.'));
    }
    if (row.volumeId !== null && kind === 'image' && this.attachments.isUsed(row.volumeId)) {
      blockers.push(blocker('image.inUse', 'A disk is being copied from it.'));
    }
    for (const { vmId } of await manager.findBy(VmDiskEntity, { isoId: id })) {
      const vm = { kind: 'vm', id: vmId, name: null } as const;
      blockers.push(blocker(`${kind}.inUse`, 'A VM has it in its drive; eject it first.', vm));
    }
    return planOf({
      steps: [['delete', `Delete ${name} and its data`]],
      effects: [{ kind: 'delete', resource, before: row.state, after: null }],
      warnings: kind === 'image' ? ['VMs made from it keep their disks.'] : [],
      blockers,
      bytes: row.virtualSizeBytes,
      seconds: 1,
    });
  }

  async #receive(
    row: MediaRow,
    sizeBytes: number,
    part: UploadPart,
    actor: TaskActor,
  ): Promise<UploadResult> {
    const range = parseContentRange(part.contentRange ?? '');
    if (range === undefined) {
      throw new ProblemError('upload.rangeInvalid', 'Send Content-Range: bytes start-end/size.');
    }
    const length = range.end - range.start + 1;
    if (range.total !== sizeBytes) {
      throw new ProblemError(
        'upload.rangeInvalid',
        `The file was announced with ${sizeBytes} bytes.`,
      );
    }
    if (length > limits.uploadChunkBytesMax) {
      throw new ProblemError('request.tooLarge', 'A part has at most 64 MiB.');
    }
    if (part.contentLength !== null && part.contentLength !== length) {
      throw new ProblemError('upload.rangeInvalid', 'Content-Length and Content-Range differ.');
    }
    const receivedBytes = await this.staging.receivedBytes(row.id);
    if (range.start !== receivedBytes) {
      throw new ProblemError('upload.offsetMismatch', `Go on at byte ${receivedBytes}.`);
    }
    const written = await this.staging.append(row.id, part.body, {
      offset: range.start,
      lengthMax: length,
    });
    const total = receivedBytes + written;
    if (total < sizeBytes) return { kind: 'stored', state: { receivedBytes: total, sizeBytes } };
    return { kind: 'complete', task: await this.#beginImport(row, actor) };
  }

  async #beginImport(row: MediaRow, actor: TaskActor): Promise<TaskRow> {
    const task = await this.database.transaction(async (manager) => {
      const prepared = await this.runner.prepare(this.tasks.imports[row.kind], {
        params: { mediaId: row.id, kind: row.kind, url: null, flavour: null },
        resource: { kind: row.kind, id: row.id, name: row.name },
        actor,
        manager,
      });
      await this.media.patchWithin(manager, row.id, { state: 'importing', taskId: prepared.id });
      return prepared;
    });
    this.runner.start(task);
    return task;
  }

  async #insert(media: NewMedia): Promise<MediaRow> {
    try {
      return await this.database.transaction(async (manager) => {
        await this.#replaceFailed(manager, media);
        return this.media.insert(manager, media);
      });
    } catch (error) {
      throw mediaTaken(error, media.kind, media.name);
    }
  }

  /** A failed import holds nothing but its reason; a new attempt takes over its name. */
  async #replaceFailed(manager: EntityManager, { kind, name }: NewMedia): Promise<void> {
    const failed = await manager.findOneBy(MediaEntity, { kind, name, state: 'failed' });
    if (failed !== null && failed.volumeId === null) {
      await this.media.remove(manager, kind, failed.id);
    }
  }

  async #insertWithTask(
    media: NewMedia,
    definition: TaskDefinition<ImportParams, ImportCheckpoint>,
    params: Pick<ImportParams, 'url' | 'flavour'>,
    actor: TaskActor,
  ): Promise<TaskRow> {
    try {
      const task = await this.database.transaction(async (manager) => {
        await this.#replaceFailed(manager, media);
        await this.media.insert(manager, media);
        const prepared = await this.runner.prepare(definition, {
          params: { ...params, mediaId: media.id, kind: media.kind },
          resource: { kind: media.kind, id: media.id, name: media.name },
          actor,
          manager,
        });
        await manager.update(MediaEntity, { id: media.id }, { taskId: prepared.id });
        return prepared;
      });
      this.runner.start(task);
      return task;
    } catch (error) {
      throw mediaTaken(error, media.kind, media.name);
    }
  }
}

function namingOf(
  kind: MediaKind,
  request: Pick<ImageCreate, 'id' | 'name' | 'description' | 'tags'>,
): Pick<NewMedia, 'id' | 'kind' | 'name' | 'description' | 'tags'> {
  const { name, description, tags } = request;
  return { id: request.id ?? newId(), kind, name, description, tags };
}
