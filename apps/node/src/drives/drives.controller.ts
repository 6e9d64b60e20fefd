import { Controller } from '@nestjs/common';
import type { Drive, DriveCandidate, Page } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { actorOf, Context, type RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import { DrivesService } from './drives.service';

@Controller()
export class DrivesController {
  constructor(
    private readonly drives: DrivesService,
    private readonly answers: TaskAnswers,
  ) {}

  @Operation('listDrives')
  async list(@Input() input: InputOf<'listDrives'>): Promise<Page<Drive>> {
    return this.drives.list(input.query);
  }

  @Operation('listDriveCandidates')
  async candidates(@Input() _input: InputOf<'listDriveCandidates'>): Promise<Page<DriveCandidate>> {
    return this.drives.candidates();
  }

  @Operation('addDrive')
  async add(
    @Input() input: InputOf<'addDrive'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    if (input.query.dryRun === true) return new Reply(200, await this.drives.planAdd(input.body));
    const task = await this.drives.add(input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.drives.madeBy(task.id));
  }

  @Operation('getDrive')
  async get(@Input() input: InputOf<'getDrive'>): Promise<Drive> {
    return this.drives.get(input.params.driveId);
  }

  @Operation('removeDrive')
  async remove(
    @Input() input: InputOf<'removeDrive'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { driveId } = input.params;
    if (input.query.dryRun === true) return new Reply(200, await this.drives.planRemove(driveId));
    return this.answers.answer(context, await this.drives.remove(driveId, actorOf(context)));
  }
}
