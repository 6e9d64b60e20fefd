import { Controller } from '@nestjs/common';
import type { Page, Plan, Vm, VmMetrics, VmPowerVerb, VmShutdown } from '@cairn/contracts';
import { VmHistory } from '../metrics/vm-history';
import { Input, Operation, type InputOf } from '../platform/operation';
import { Reply } from '../platform/reply';
import { actorOf, Context, type RequestContext } from '../platform/request-context';
import { TaskAnswers } from '../tasks/task-answers';
import { VmStore } from './vm-store';
import { VmViews } from './vm-views';
import { VmsService } from './vms.service';

@Controller()
export class VmsController {
  constructor(
    private readonly vms: VmsService,
    private readonly views: VmViews,
    private readonly store: VmStore,
    private readonly history: VmHistory,
    private readonly answers: TaskAnswers,
  ) {}

  @Operation('listVms')
  async list(@Input() input: InputOf<'listVms'>): Promise<Page<Vm>> {
    return this.views.list(input.query);
  }

  @Operation('createVm')
  async create(
    @Input() input: InputOf<'createVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    if (input.query.dryRun === true) return new Reply(200, await this.vms.planCreate(input.body));
    const task = await this.vms.create(input.body, actorOf(context));
    return this.answers.answer(context, task, () => this.views.get(task.resourceId ?? ''));
  }

  @Operation('getVm')
  async get(@Input() input: InputOf<'getVm'>): Promise<Vm> {
    return this.views.get(input.params.vmId);
  }

  @Operation('updateVm')
  async update(
    @Input() input: InputOf<'updateVm'>,
    @Context() context: RequestContext,
  ): Promise<Vm | Plan> {
    const { vmId } = input.params;
    if (input.query.dryRun === true) return this.vms.planUpdate(vmId, input.body);
    await this.vms.update(vmId, input.body, context.ifMatch);
    return this.views.get(vmId);
  }

  @Operation('deleteVm')
  async delete(
    @Input() input: InputOf<'deleteVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    const request = {
      vmId: input.params.vmId,
      keepVolumes: input.query.keepVolumes === 'true',
      ifMatch: context.ifMatch,
    };
    if (input.query.dryRun === true) return new Reply(200, await this.vms.planDelete(request));
    return this.answers.answer(context, await this.vms.delete(request, actorOf(context)));
  }

  @Operation('startVm')
  async start(
    @Input() input: InputOf<'startVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('start', input, context);
  }

  @Operation('shutdownVm')
  async shutdown(
    @Input() input: InputOf<'shutdownVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('shutdown', input, context, input.body);
  }

  @Operation('stopVm')
  async stop(
    @Input() input: InputOf<'stopVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('stop', input, context);
  }

  @Operation('rebootVm')
  async reboot(
    @Input() input: InputOf<'rebootVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('reboot', input, context);
  }

  @Operation('resetVm')
  async reset(
    @Input() input: InputOf<'resetVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('reset', input, context);
  }

  @Operation('pauseVm')
  async pause(
    @Input() input: InputOf<'pauseVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('pause', input, context);
  }

  @Operation('resumeVm')
  async resume(
    @Input() input: InputOf<'resumeVm'>,
    @Context() context: RequestContext,
  ): Promise<Reply> {
    return this.#power('resume', input, context);
  }

  @Operation('getVmMetrics')
  async metrics(@Input() input: InputOf<'getVmMetrics'>): Promise<VmMetrics> {
    const { vm } = await this.store.require(input.params.vmId);
    return this.history.series(vm.id, input.query.range, new Date());
  }

  async #power(
    verb: VmPowerVerb,
    input: { readonly params: { readonly vmId: string }; readonly query: { dryRun?: boolean } },
    context: RequestContext,
    shutdown?: VmShutdown,
  ): Promise<Reply> {
    const { vmId } = input.params;
    if (input.query.dryRun === true) return new Reply(200, await this.vms.planPower(verb, vmId));
    const actor = actorOf(context);
    const request = shutdown === undefined ? { actor } : { actor, shutdown };
    return this.answers.answer(context, await this.vms.power(verb, vmId, request));
  }
}
