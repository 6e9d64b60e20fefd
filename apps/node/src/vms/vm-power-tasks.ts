// The tasks of the power verbs. What the administrator wants (`desiredPowerState`) is written in
// the transaction that records the task; the task makes it so.
import { Inject, Injectable } from '@nestjs/common';
import { vmPowerVerbs, type VmPowerVerb } from '@cairn/contracts';
import type { TaskRow, VmRow } from '@cairn/persistence';
import { VmRuntimeError, type VmRuntime } from '@cairn/vm-runtime';
import { z } from 'zod';
import { Database } from '../platform/database';
import { requireUnblocked } from '../platform/plans';
import { VM_RUNTIME } from '../platform/tokens';
import {
  SYSTEM_ACTOR,
  type TaskActor,
  type TaskContext,
  type TaskDefinition,
} from '../tasks/task-definition';
import { TaskRunner } from '../tasks/task-runner';
import { VmPower } from './vm-power';
import { powerPlan, powerRules } from './vm-power-rules';
import { VmStore } from './vm-store';
import { vmStateOf } from './vm-view';

const paramsSchema = z.object({
  vmId: z.string(),
  deadlineSeconds: z.number().default(120),
  thenStop: z.boolean().default(false),
});
export type PowerParams = z.infer<typeof paramsSchema>;
type PowerContext = TaskContext<PowerParams, Record<string, never>>;
type PowerDefinition = TaskDefinition<PowerParams, Record<string, never>>;

/** Verbs whose goal is a state: repeating them after a restart of the service is right. */
const RESUMED: ReadonlySet<VmPowerVerb> = new Set(['start', 'shutdown', 'stop']);

@Injectable()
export class VmPowerTasks {
  readonly #definitions: ReadonlyMap<VmPowerVerb, PowerDefinition>;

  constructor(
    private readonly database: Database,
    private readonly store: VmStore,
    private readonly power: VmPower,
    private readonly runner: TaskRunner,
    @Inject(VM_RUNTIME) private readonly runtime: VmRuntime,
  ) {
    this.#definitions = new Map(vmPowerVerbs.map((verb) => [verb, this.#definition(verb)]));
    for (const definition of this.#definitions.values()) runner.register(definition);
  }

  /** Records and starts the task of a verb; refuses it in the wrong state. */
  async submit(verb: VmPowerVerb, params: PowerParams, actor: TaskActor): Promise<TaskRow> {
    const task = await this.database.transaction(async (manager) => {
      const { vm } = await this.store.lock(manager, params.vmId);
      const state = vmStateOf(vm, this.runtime.status(vm.id));
      requireUnblocked(powerPlan(verb, vm, state));
      const { desired } = powerRules[verb];
      if (desired !== null && desired !== vm.desiredPowerState) {
        await this.store.patchWithin(manager, vm.id, { desiredPowerState: desired });
      }
      return this.runner.prepare(this.#require(verb), {
        params,
        resource: { kind: 'vm', id: vm.id, name: vm.name },
        actor,
        manager,
      });
    });
    this.runner.start(task);
    return task;
  }

  /** A VM that was created with "and start" gets its start as a task of its own. */
  async startAfterCreation(vmId: string): Promise<void> {
    const { vm } = await this.store.require(vmId);
    await this.submitStart(vm);
  }

  /** The reconciler's way to start a VM that should run. */
  async submitStart(vm: VmRow): Promise<void> {
    await this.runner.submit(this.#require('start'), {
      params: { vmId: vm.id, deadlineSeconds: 120, thenStop: false },
      resource: { kind: 'vm', id: vm.id, name: vm.name },
      actor: SYSTEM_ACTOR,
    });
  }

  /** Whether a task works on the VM or waits for it. */
  isBusy(vmId: string): boolean {
    return this.runner.isBusy(vmId);
  }

  #require(verb: VmPowerVerb): PowerDefinition {
    const definition = this.#definitions.get(verb);
    if (definition === undefined) throw new Error(`no task for ${verb}`);
    return definition;
  }

  #definition(verb: VmPowerVerb): PowerDefinition {
    return {
      kind: `vm.${verb}`,
      cancellable: verb === 'shutdown' || verb === 'reboot' || verb === 'start',
      onOwnerLost: RESUMED.has(verb) ? 'resume' : 'undo',
      queueKey: ({ vmId }) => vmId,
      parseParams: (value) => paramsSchema.parse(value),
      parseCheckpoint: () => ({}),
      steps: [
        {
          name: powerRules[verb].description,
          run: async (context) => this.#act(verb, context),
          undo: async ({ params }) => this.#giveUp(verb, params.vmId),
        },
      ],
    };
  }

  async #act(verb: VmPowerVerb, context: PowerContext): Promise<void> {
    const { vmId } = context.params;
    const { signal } = context;
    const deadlineMs = context.params.deadlineSeconds * 1000;
    switch (verb) {
      case 'start':
        return this.power.start(vmId, signal);
      case 'shutdown':
        return this.#shutdown(context);
      case 'stop':
        return this.power.stop(vmId);
      case 'reboot':
        return this.runtime.reboot(vmId, { deadlineMs, signal });
      case 'reset':
        return this.runtime.reset(vmId, { signal });
      case 'pause':
        return this.runtime.pause(vmId, { signal });
      case 'resume':
        return this.runtime.resume(vmId, { signal });
    }
  }

  async #shutdown({ params, signal }: PowerContext): Promise<void> {
    const { vmId, deadlineSeconds, thenStop } = params;
    if (!this.power.isRunning(vmId)) return;
    try {
      await this.runtime.shutdown(vmId, { deadlineMs: deadlineSeconds * 1000, signal });
    } catch (error) {
      const ignored = error instanceof VmRuntimeError && error.kind === 'timed-out';
      if (!ignored || !thenStop) throw error;
      await this.runtime.stop(vmId);
    }
    await this.power.releaseAll(await this.store.require(vmId));
  }

  /** What did not happen is not wanted any more, or the reconciler would go on trying. */
  async #giveUp(verb: VmPowerVerb, vmId: string): Promise<void> {
    const record = await this.store.find(vmId);
    if (record === null || record.vm.phase !== 'ready') return;
    const state = vmStateOf(record.vm, this.runtime.status(vmId));
    const isUp = this.power.isRunning(vmId);
    if (verb === 'start') return;
    const desired = state === 'paused' ? 'paused' : isUp ? 'running' : 'stopped';
    if (desired !== record.vm.desiredPowerState) {
      await this.store.patch(vmId, { desiredPowerState: desired });
    }
  }
}
