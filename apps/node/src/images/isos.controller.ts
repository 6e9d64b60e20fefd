import { Controller, Req } from '@nestjs/common';
import type { Iso, Page } from '@cairn/contracts';
import type { Request } from 'express';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { actorOf, Context, type RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import { MediaService } from './media.service';
import { MediaViews } from './media-views';
import { partOf, UploadAnswers } from './upload-answers';

@Controller()
export class IsosController {
  constructor(
    private readonly media: MediaService,
    private readonly views: MediaViews,
    private readonly uploads: UploadAnswers,
    private readonly answers: TaskAnswers,
  ) {}

  @Operation('listIsos')
  async list(@Input() input: InputOf<'listIsos'>): Promise<Page<Iso>> {
    return this.views.isos(input.query);
  }

  @Operation('createIso')
  async create(@Input() input: InputOf<'createIso'>): Promise<Iso> {
    const row = await this.media.announce('iso', input.body);
    return this.views.iso(row.id);
  }

  @Operation('importIsoUrl')
  async importUrl(
    @Input() input: InputOf<'importIsoUrl'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const task = await this.media.importUrl('iso', input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.views.iso(task.resourceId ?? ''));
  }

  @Operation('getIso')
  async get(@Input() input: InputOf<'getIso'>): Promise<Iso> {
    return this.views.iso(input.params.isoId);
  }

  @Operation('updateIso')
  async update(
    @Input() input: InputOf<'updateIso'>,
    @Context() context: RequestContext,
  ): Promise<Iso> {
    await this.media.update('iso', input.params.isoId, input.body, context.ifMatch);
    return this.views.iso(input.params.isoId);
  }

  @Operation('uploadIsoData')
  async upload(
    @Input() input: InputOf<'uploadIsoData'>,
    @Context() context: RequestContext,
    @Req() request: Request,
  ): Promise<Reply> {
    const part = partOf(request);
    const { isoId } = input.params;
    const result = await this.media.upload('iso', isoId, part, actorOf(context));
    return this.uploads.answer(context, result);
  }

  @Operation('deleteIso')
  async delete(
    @Input() input: InputOf<'deleteIso'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { isoId } = input.params;
    if (input.query.dryRun === true) {
      return new Reply(200, await this.media.planDelete('iso', isoId));
    }
    const { ifMatch } = context;
    const task = await this.media.delete('iso', isoId, { ifMatch, actor: actorOf(context) });
    return this.answers.answer(context, task);
  }
}
