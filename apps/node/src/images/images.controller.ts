import { Controller, Req } from '@nestjs/common';
import type { Image, Page } from '@cairn/contracts';
import type { Request } from 'express';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { actorOf, Context, type RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import { MediaService } from './media.service';
import { MediaViews } from './media-views';
import { partOf, UploadAnswers } from './upload-answers';

@Controller()
export class ImagesController {
  constructor(
    private readonly media: MediaService,
    private readonly views: MediaViews,
    private readonly uploads: UploadAnswers,
    private readonly answers: TaskAnswers,
  ) {}

  @Operation('listImages')
  async list(@Input() input: InputOf<'listImages'>): Promise<Page<Image>> {
    return this.views.images(input.query);
  }

  @Operation('createImage')
  async create(@Input() input: InputOf<'createImage'>): Promise<Image> {
    const row = await this.media.announce('image', input.body);
    return this.views.image(row.id);
  }

  @Operation('importImageUrl')
  async importUrl(
    @Input() input: InputOf<'importImageUrl'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const task = await this.media.importUrl('image', input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.views.image(task.resourceId ?? ''));
  }

  @Operation('buildDemoImage')
  async buildDemo(
    @Input() input: InputOf<'buildDemoImage'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const task = await this.media.buildDemo(input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.views.image(task.resourceId ?? ''));
  }

  @Operation('getImage')
  async get(@Input() input: InputOf<'getImage'>): Promise<Image> {
    return this.views.image(input.params.imageId);
  }

  @Operation('updateImage')
  async update(
    @Input() input: InputOf<'updateImage'>,
    @Context() context: RequestContext,
  ): Promise<Image> {
    await this.media.update('image', input.params.imageId, input.body, context.ifMatch);
    return this.views.image(input.params.imageId);
  }

  @Operation('uploadImageData')
  async upload(
    @Input() input: InputOf<'uploadImageData'>,
    @Context() context: RequestContext,
    @Req() request: Request,
  ): Promise<Reply> {
    const part = partOf(request);
    const { imageId } = input.params;
    const result = await this.media.upload('image', imageId, part, actorOf(context));
    return this.uploads.answer(context, result);
  }

  @Operation('deleteImage')
  async delete(
    @Input() input: InputOf<'deleteImage'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { imageId } = input.params;
    if (input.query.dryRun === true) {
      return new Reply(200, await this.media.planDelete('image', imageId));
    }
    const { ifMatch } = context;
    const task = await this.media.delete('image', imageId, { ifMatch, actor: actorOf(context) });
    return this.answers.answer(context, task);
  }
}
