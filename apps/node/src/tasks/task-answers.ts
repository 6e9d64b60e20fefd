// How an operation that works in a task answers: 202 with the task at once, or, when the client
// prefers to wait and the task ends in time, what it would have answered without a task.
import { Injectable } from '@nestjs/common';
import { API_PREFIX } from '@cairn/contracts';
import type { TaskRow } from '@cairn/persistence';
import { ProblemError } from '../platform/problem';
import { Reply } from '../platform/reply';
import type { RequestContext } from '../platform/request-context';
import { TaskRunner } from './task-runner';
import { taskErrorOf, taskViewOf } from './task-view';

@Injectable()
export class TaskAnswers {
  constructor(private readonly runner: TaskRunner) {}

  /**
   * Answers for `row`. `made` loads the created resource for operations that create one; they
   * answer 201 with it when the task has succeeded in time.
   */
  async answer(
    context: RequestContext,
    row: TaskRow,
    made?: () => Promise<unknown>,
  ): Promise<Reply> {
    const location = { Location: `${API_PREFIX}/tasks/${row.id}` };
    const waited = await this.runner.wait(row.id, context.preferWaitMs, context.signal);
    const current = waited ?? row;
    const applied =
      context.preferWaitMs > 0
        ? { ...location, 'Preference-Applied': `wait=${context.preferWaitMs / 1000}` }
        : location;
    if (context.preferWaitMs === 0) return new Reply(202, taskViewOf(current), location);
    switch (current.state) {
      case 'queued':
      case 'running':
        return new Reply(202, taskViewOf(current), applied);
      case 'succeeded':
        return made === undefined
          ? new Reply(200, taskViewOf(current), applied)
          : new Reply(201, await made(), applied);
      case 'failed':
      case 'cancelled': {
        const error = taskErrorOf(current.error);
        const detail = error?.message ?? 'The task failed.';
        throw new ProblemError(error?.code ?? 'internal.error', detail, { headers: applied });
      }
    }
  }
}
