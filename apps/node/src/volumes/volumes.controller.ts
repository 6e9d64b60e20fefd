import { Controller } from '@nestjs/common';
import type { Page, Plan, Volume } from '@cairn/contracts';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { Context, type RequestContext } from '../platform/request-context';
import { VolumesService } from './volumes.service';

@Controller()
export class VolumesController {
  constructor(private readonly volumes: VolumesService) {}

  @Operation('listVolumes')
  async list(@Input() input: InputOf<'listVolumes'>): Promise<Page<Volume>> {
    return this.volumes.list(input.query);
  }

  @Operation('createVolume')
  async create(@Input() input: InputOf<'createVolume'>): Promise<Volume | Reply> {
    if (input.query.dryRun === true)
      return new Reply(200, await this.volumes.planCreate(input.body));
    return this.volumes.create(input.body);
  }

  @Operation('getVolume')
  async get(@Input() input: InputOf<'getVolume'>): Promise<Volume> {
    return this.volumes.get(input.params.volumeId);
  }

  @Operation('updateVolume')
  async update(
    @Input() input: InputOf<'updateVolume'>,
    @Context() context: RequestContext,
  ): Promise<Volume> {
    return this.volumes.update(input.params.volumeId, input.body, context.ifMatch);
  }

  @Operation('deleteVolume')
  async delete(
    @Input() input: InputOf<'deleteVolume'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { volumeId } = input.params;
    if (input.query.dryRun === true) return new Reply(200, await this.volumes.planDelete(volumeId));
    await this.volumes.delete(volumeId, context.ifMatch);
    return new Reply(204, undefined);
  }

  @Operation('resizeVolume')
  async resize(@Input() input: InputOf<'resizeVolume'>): Promise<Volume | Plan> {
    const { volumeId } = input.params;
    const { sizeBytes } = input.body;
    if (input.query.dryRun === true) return this.volumes.planResize(volumeId, sizeBytes);
    return this.volumes.resize(volumeId, sizeBytes);
  }
}
