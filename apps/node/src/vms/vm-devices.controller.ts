import { Controller } from '@nestjs/common';
import type { VmDisk, VmNic } from '@cairn/contracts';
import { z } from 'zod';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { actorOf, Context, type RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import { VmDevicesService } from './vm-devices.service';

const addedDiskSchema = z.object({ row: z.object({ id: z.string() }) });

@Controller()
export class VmDevicesController {
  constructor(
    private readonly devices: VmDevicesService,
    private readonly answers: TaskAnswers,
  ) {}

  @Operation('addVmDisk')
  async addDisk(
    @Input() input: InputOf<'addVmDisk'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { vmId } = input.params;
    if (input.query.dryRun === true) {
      return new Reply(200, await this.devices.planAddDisk(vmId, input.body));
    }
    const task = await this.devices.addDisk(vmId, input.body, actorOf(context));
    const diskId = addedDiskSchema.parse(task.params).row.id;
    return this.answers.answer(context, task, () => this.devices.disk({ vmId, diskId }));
  }

  @Operation('updateVmDisk')
  async updateDisk(@Input() input: InputOf<'updateVmDisk'>): Promise<VmDisk> {
    return this.devices.updateDisk(input.params, input.body);
  }

  @Operation('removeVmDisk')
  async removeDisk(
    @Input() input: InputOf<'removeVmDisk'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const keep = input.query.keepVolume === 'true';
    if (input.query.dryRun === true) {
      return new Reply(200, await this.devices.planRemoveDisk(input.params, keep));
    }
    const task = await this.devices.removeDisk(input.params, keep, actorOf(context));
    return this.answers.answer(context, task);
  }

  @Operation('resizeVmDisk')
  async resizeDisk(
    @Input() input: InputOf<'resizeVmDisk'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { sizeBytes } = input.body;
    if (input.query.dryRun === true) {
      return new Reply(200, await this.devices.planResizeDisk(input.params, sizeBytes));
    }
    const task = await this.devices.resizeDisk(input.params, sizeBytes, actorOf(context));
    return this.answers.answer(context, task);
  }

  @Operation('insertMedia')
  async insertMedia(
    @Input() input: InputOf<'insertMedia'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { isoId } = input.body;
    const task = await this.devices.changeMedium(input.params, isoId, actorOf(context));
    return this.answers.answer(context, task);
  }

  @Operation('ejectMedia')
  async ejectMedia(
    @Input() input: InputOf<'ejectMedia'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const task = await this.devices.changeMedium(input.params, null, actorOf(context));
    return this.answers.answer(context, task);
  }

  @Operation('addVmNic')
  async addNic(
    @Input() input: InputOf<'addVmNic'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const { vmId } = input.params;
    const { task, nicId } = await this.devices.addNic(vmId, input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.devices.nic({ vmId, nicId }));
  }

  @Operation('updateVmNic')
  async updateNic(@Input() input: InputOf<'updateVmNic'>): Promise<VmNic> {
    return this.devices.updateNic(input.params, input.body);
  }

  @Operation('removeVmNic')
  async removeNic(
    @Input() input: InputOf<'removeVmNic'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.answers.answer(
      context,
      await this.devices.removeNic(input.params, actorOf(context)),
    );
  }
}
