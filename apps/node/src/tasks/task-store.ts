// Tasks as rows: every change of a task goes through here, with its event, in one transaction.
import { Inject, Injectable } from '@nestjs/common';
import type { TaskRow } from '@cairn/persistence';
import { TaskEntity } from '@cairn/persistence';
import type { EntityManager } from 'typeorm';
import { ChangeLog } from '../events/change-log';
import { Database } from '../platform/database';
import { ENVIRONMENT, type Environment } from '../platform/environment';
import { newId } from '../platform/ids';
import type { TaskDefinition, TaskRequest } from './task-definition';

export type TaskPatch = Partial<Omit<TaskRow, 'id' | 'kind' | 'createdAt' | 'revision'>>;

@Injectable()
export class TaskStore {
  constructor(
    private readonly database: Database,
    private readonly changes: ChangeLog,
    @Inject(ENVIRONMENT) private readonly environment: Environment,
  ) {}

  /** Inserts a queued task, within the caller's transaction when the request brings one. */
  async insert<P, C>(definition: TaskDefinition<P, C>, request: TaskRequest<P>): Promise<TaskRow> {
    if (request.manager !== undefined) return this.#insert(request.manager, definition, request);
    return this.database.transaction((manager) => this.#insert(manager, definition, request));
  }

  async #insert<P, C>(
    manager: EntityManager,
    definition: TaskDefinition<P, C>,
    request: TaskRequest<P>,
  ): Promise<TaskRow> {
    const id = newId();
    const now = new Date();
    const revision = await this.changes.record(manager, {
      topic: 'tasks',
      kind: 'upsert',
      resourceId: id,
    });
    const row: TaskRow = {
      id,
      kind: definition.kind,
      state: 'queued',
      resourceKind: request.resource.kind,
      resourceId: request.resource.id,
      resourceName: request.resource.name,
      parentId: request.parentId ?? null,
      actorKind: request.actor.kind,
      actorId: request.actor.id,
      actorName: request.actor.name,
      ownerNodeId: this.environment.nodeId,
      cancellable: definition.cancellable,
      cancelRequested: false,
      percent: 0,
      bytesDone: null,
      bytesTotal: null,
      steps: definition.steps.map((step) => ({
        name: step.name,
        state: 'pending',
        message: null,
        startedAt: null,
        finishedAt: null,
      })),
      params: request.params,
      checkpoint: {},
      error: null,
      createdAt: now,
      startedAt: null,
      finishedAt: null,
      updatedAt: now,
      revision,
    };
    await manager.insert(TaskEntity, row as never);
    return row;
  }

  async find(id: string): Promise<TaskRow | null> {
    return this.database.read((manager) => manager.findOneBy(TaskEntity, { id }));
  }

  /** Writes `patch` and its event. */
  async update(id: string, patch: TaskPatch, kind: 'upsert' | 'taskProgress'): Promise<void> {
    await this.database.transaction(async (manager) => {
      const revision = await this.changes.record(manager, { topic: 'tasks', kind, resourceId: id });
      await manager.update(TaskEntity, { id }, {
        ...patch,
        updatedAt: new Date(),
        revision,
      } as never);
    });
  }

  /** Remembers what a step has made; nobody watches that, so there is no event. */
  async saveCheckpoint(id: string, checkpoint: Record<string, unknown>): Promise<void> {
    await this.database.read((manager) =>
      manager.update(TaskEntity, { id }, { checkpoint, updatedAt: new Date() } as never),
    );
  }

  /** Tasks of this node that a former run of the service has left open, oldest first. */
  async open(): Promise<TaskRow[]> {
    return this.database.read((manager) =>
      manager
        .createQueryBuilder(TaskEntity, 'task')
        .where('task.ownerNodeId = :nodeId', { nodeId: this.environment.nodeId })
        .andWhere("task.state IN ('queued', 'running')")
        .orderBy('task.createdAt')
        .getMany(),
    );
  }

  /** Forgets finished tasks older than `before`. Returns how many. */
  async prune(before: Date): Promise<number> {
    return this.database.read(async (manager) => {
      const result = await manager
        .createQueryBuilder()
        .delete()
        .from(TaskEntity)
        .where("state IN ('succeeded', 'failed', 'cancelled') AND finished_at < :before", {
          before,
        })
        .execute();
      return result.affected ?? 0;
    });
  }
}
