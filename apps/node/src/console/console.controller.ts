import { Controller, Inject } from '@nestjs/common';
import type { ConsoleTicket } from '@cairn/contracts';
import { hasProcess, type VmRuntime } from '@cairn/vm-runtime';
import { Input, Operation, type InputOf } from '../platform/operation';
import { ProblemError } from '../platform/problem';
import { callerOf, Context, type RequestContext } from '../platform/request-context';
import { VM_RUNTIME } from '../platform/tokens';
import { VmStore } from '../vms/vm-store';
import { ConsoleTickets } from './console-tickets';

@Controller()
export class ConsoleController {
  constructor(
    private readonly tickets: ConsoleTickets,
    private readonly store: VmStore,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {}

  @Operation('createConsoleTicket')
  async create(
    @Input() input: InputOf<'createConsoleTicket'>,
    @Context() context: RequestContext,
  ): Promise<ConsoleTicket> {
    const { vm } = await this.store.require(input.params.vmId);
    const status = this.runtime.status(vm.id);
    if (status === undefined || !hasProcess(status.state)) {
      throw new ProblemError('vm.wrongState', `${vm.name} does not run, so it has no console.`);
    }
    const { kind } = input.body;
    return this.tickets.issue({ vmId: vm.id, kind, userName: callerOf(context).userName });
  }
}
