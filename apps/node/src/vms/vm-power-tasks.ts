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
  /** The reconciler goes on trying; a person who asked is told and decides. */
  retried: z.boolean().default(false),
});
type PowerParams = z.infer<typeof paramsSchema>;
export type PowerRequest = z.input<typeof paramsSchema>;
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
  async submit(verb: VmPowerVerb, request: PowerRequest, actor: TaskActor): Promise<TaskRow> {
    const params = paramsSchema.parse(request);
    const interrupts = verb === 'stop' && this.runner.isBusy(params.vmId);
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
    // Cutting the power does not wait for a guest that takes its time to shut down.
    if (interrupts) await this.runner.interrupt(params.vmId);
    this.runner.start(task);
    return task;
  }

  /** A VM that was created with "and start" gets its start as a task of its own. */
  async startAfterCreation(vmId: string): Promise<void> {
    const { vm } = await this.store.require(vmId);
    await this.#submitStart(vm, false);
  }

  /** The reconciler's way to start a VM that should run. */
  async submitStart(vm: VmRow): Promise<void> {
    await this.#submitStart(vm, true);
  }

  async #submitStart(vm: VmRow, retried: boolean): Promise<void> {
    await this.runner.submit(this.#require('start'), {
      params: paramsSchema.parse({ vmId: vm.id, retried }),
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
          undo: async ({ params }) => this.#giveUp(params),
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
        return this.#stop(vmId);
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

  /** A shutdown that was interrupted has given up its wish; this one stands. */
  async #stop(vmId: string): Promise<void> {
    const { vm } = await this.store.require(vmId);
    if (vm.desiredPowerState !== 'stopped') {
      await this.store.patch(vmId, { desiredPowerState: 'stopped' });
    }
    await this.power.stop(vmId);
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
  async #giveUp({ vmId, retried }: PowerParams): Promise<void> {
    const record = await this.store.find(vmId);
    if (record === null || record.vm.phase !== 'ready' || retried) return;
    const state = vmStateOf(record.vm, this.runtime.status(vmId));
    const isUp = this.power.isRunning(vmId);
    const desired = state === 'paused' ? 'paused' : isUp ? 'running' : 'stopped';
    if (desired !== record.vm.desiredPowerState) {
      await this.store.patch(vmId, { desiredPowerState: desired });
    }
  }
}
