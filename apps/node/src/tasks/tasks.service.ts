// Tasks as clients see them: list, look, wait, cancel.
import { Injectable } from '@nestjs/common';
import type { ListQuery, Page, Task } from '@cairn/contracts';
import { TaskEntity, type TaskRow } from '@cairn/persistence';
import { ChangeFeed } from '../events/change-feed';
import { Database } from '../platform/database';
import { pageOf } from '../platform/lists';
import { ProblemError } from '../platform/problem';
import { TaskRunner } from './task-runner';
import { taskViewOf } from './task-view';

/** Lists look at the newest tasks only; older ones stay readable by id for 30 days. */
const LISTED_MAX = 2_000;

@Injectable()
export class TasksService {
  constructor(
    private readonly database: Database,
    private readonly runner: TaskRunner,
    private readonly feed: ChangeFeed,
  ) {
    feed.registerTopic('tasks', async (id) => {
      const row = await this.#find(id);
      return row === null ? null : taskViewOf(row);
    });
  }

  async list(query: ListQuery): Promise<Page<Task>> {
    const revision = this.feed.revision;
    const rows = await this.database.read((manager) =>
      manager.find(TaskEntity, { order: { createdAt: 'DESC' }, take: LISTED_MAX }),
    );
    return pageOf(rows.map(taskViewOf), query, { revision, defaultSort: '-createdAt' });
  }

  async get(id: string, waitMs: number, signal: AbortSignal): Promise<Task> {
    const row = await this.runner.wait(id, waitMs, signal);
    if (row === null) throw notFound();
    return taskViewOf(row);
  }

  async cancel(id: string): Promise<Task> {
    await this.runner.cancel(await this.#require(id));
    return taskViewOf(await this.#require(id));
  }

  async #require(id: string): Promise<TaskRow> {
    const row = await this.#find(id);
    if (row === null) throw notFound();
    return row;
  }

  async #find(id: string): Promise<TaskRow | null> {
    return this.database.read((manager) => manager.findOneBy(TaskEntity, { id }));
  }
}

function notFound(): ProblemError {
  return new ProblemError('task.notFound', 'There is no such task.');
}
