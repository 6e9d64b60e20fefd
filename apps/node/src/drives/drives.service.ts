// The drives of the pool. They are observed, never stored: the storage daemon knows them.
import { Inject, Injectable } from '@nestjs/common';
import type {
  Drive,
  DriveAdd,
  DriveCandidate,
  ListQuery,
  Page,
  Plan,
  StorageDrive,
} from '@cairn/contracts';
import type { TaskRow } from '@cairn/persistence';
import { z } from 'zod';
import { ChangeFeed } from '../events/change-feed';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { pageOf } from '../platform/lists';
import { blocker, planOf, requireUnblocked } from '../platform/plans';
import { ProblemError } from '../platform/problem';
import type { TaskActor } from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { StorageFacts } from '../volumes/storage-facts';
import { DriveTasks } from './drive-tasks';
import { candidateViewOf, driveViewOf } from './drive-view';

@Injectable()
export class DrivesService {
  constructor(
    private readonly facts: StorageFacts,
    private readonly feed: ChangeFeed,
    private readonly runner: TaskRunner,
    private readonly tasks: DriveTasks,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {
    feed.registerTopic('drives', async (id) => {
      const snapshot = await facts.snapshotOrNull();
      const drive = snapshot?.drives.items.find((item) => item.id === id);
      return drive === undefined ? null : this.#view(drive);
    });
  }

  async list(query: ListQuery): Promise<Page<Drive>> {
    const { drives } = await this.facts.snapshot();
    const views = drives.items.map((drive) => this.#view(drive));
    return pageOf(views, query, { revision: this.feed.revision, defaultSort: 'path' });
  }

  async candidates(): Promise<Page<DriveCandidate>> {
    const { drives } = await this.facts.snapshot();
    const items = drives.candidates.map((item) => candidateViewOf(item, this.environment.nodeId));
    const revision = this.feed.revision;
    return { items, nextCursor: null, totalEstimate: items.length, revision };
  }

  async get(id: string): Promise<Drive> {
    return this.#view(await this.#require(id));
  }

  async planAdd(request: DriveAdd): Promise<Plan> {
    const { drives } = await this.facts.snapshot();
    const candidate = drives.candidates.find((item) => item.path === request.path);
    const blockers = [];
    if (request.nodeId !== undefined && request.nodeId !== this.environment.nodeId) {
      blockers.push(blocker('node.notFound', 'This node does not manage the drives of that node.'));
    }
    if (drives.items.some((drive) => drive.path === request.path)) {
      blockers.push(blocker('drive.alreadyAdded', `${request.path} is in the pool already.`));
    }
    if (candidate !== undefined && !candidate.usable && (candidate.inUse || !request.force)) {
      blockers.push(blocker('drive.unusable', candidate.reason ?? 'The device cannot be used.'));
    }
    const making = request.createBytes !== undefined;
    if (making && (request.createBytes ?? 0) > drives.fileDirectoryFreeBytes) {
      blockers.push(
        blocker('storage.full', 'The file system has no room for a file of this size.'),
      );
    }
    return planOf({
      steps: [
        ...(making ? [['create', `Make the file ${request.path}`] as const] : []),
        ['format', `Format ${request.path} as a store`],
        ['open', 'Take it into the pool'],
      ],
      effects: [
        {
          kind: 'create',
          resource: { kind: 'drive', id: request.path, name: request.path },
          before: null,
          after: 'in',
        },
      ],
      warnings: making ? [] : [`Everything on ${request.path} is lost.`],
      blockers,
      bytes: request.createBytes ?? candidate?.sizeBytes ?? null,
      seconds: 5,
    });
  }

  async add(request: DriveAdd, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planAdd(request));
    const { path, createBytes, force } = request;
    return this.runner.submit(this.tasks.add, {
      params: createBytes === undefined ? { path, force } : { path, createBytes, force },
      resource: { kind: 'drive', id: path, name: path },
      actor,
    });
  }

  /** The drive that a finished `drive.add` has made. */
  async madeBy(taskId: string): Promise<Drive> {
    const row = await this.runner.wait(taskId, 0);
    const checkpoint = z.object({ driveId: z.string() }).parse(row?.checkpoint);
    return this.get(checkpoint.driveId);
  }

  async planRemove(id: string): Promise<Plan> {
    const drive = await this.#require(id);
    const resource = { kind: 'drive', id, name: drive.path } as const;
    return planOf({
      steps: [['remove', `Take ${drive.path} out of the pool`]],
      effects: [{ kind: 'delete', resource, before: drive.state, after: null }],
      warnings: ['A drive file stays where it is and can be deleted by hand.'],
      blockers:
        drive.volumes > 0
          ? [blocker('drive.inUse', `${drive.volumes} volumes live on this drive.`, resource)]
          : [],
      seconds: 2,
    });
  }

  async remove(id: string, actor: TaskActor): Promise<TaskRow> {
    requireUnblocked(await this.planRemove(id));
    const drive = await this.#require(id);
    return this.runner.submit(this.tasks.remove, {
      params: { driveId: id },
      resource: { kind: 'drive', id, name: drive.path },
      actor,
    });
  }

  async #require(id: string): Promise<StorageDrive> {
    const { drives } = await this.facts.snapshot();
    const drive = drives.items.find((item) => item.id === id);
    if (drive === undefined) throw new ProblemError('drive.notFound', 'There is no such drive.');
    return drive;
  }

  #view(drive: StorageDrive): Drive {
    return driveViewOf(drive, {
      nodeId: this.environment.nodeId,
      revision: this.feed.revision,
      observedAt: new Date(),
    });
  }
}
