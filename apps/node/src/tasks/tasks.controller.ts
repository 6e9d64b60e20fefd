import { Controller } from '@nestjs/common';
import type { Page, Task } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Context, type RequestContext } from '../platform/request-context';
import { TasksService } from './tasks.service';

@Controller()
export class TasksController {
  constructor(private readonly tasks: TasksService) {}

  @Operation('listTasks')
  async list(@Input() input: InputOf<'listTasks'>): Promise<Page<Task>> {
    return this.tasks.list(input.query);
  }

  @Operation('getTask')
  async get(@Input() input: InputOf<'getTask'>, @Context() context: RequestContext): Promise<Task> {
    const waitMs = (input.query.waitSeconds ?? 0) * 1000;
    return this.tasks.get(input.params.taskId, waitMs, context.signal);
  }

  @Operation('cancelTask')
  async cancel(@Input() input: InputOf<'cancelTask'>): Promise<Task> {
    return this.tasks.cancel(input.params.taskId);
  }
}
