// Starts, queues, cancels and takes up tasks. At most `TASKS_RUNNING_MAX` run at a time on a node;
// tasks with the same queue key run in the order in which they were asked for.
import { Inject, Injectable } from '@nestjs/common';
import type { TaskRow } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { LOGGER } from '../platform/tokens';
import { delay } from '../platform/delay';
import { KeyedQueue, QueueFullError } from '../platform/keyed-queue';
import { ProblemError } from '../platform/problem';
import type { TaskDefinition, TaskRequest } from './task-definition';
import { TaskRun, type TaskOutcome } from './task-run';
import { TaskStore } from './task-store';
import { Gate } from './gate';

const TASKS_RUNNING_MAX = 8;
const TASKS_OPEN_MAX = 500;
const TAKE_UP_POLL_MS = 250;

interface ActiveTask {
  readonly row: TaskRow;
  readonly queueKey: string;
  readonly abort: (reason: 'cancelled' | 'serviceStops') => void;
  readonly done: Promise<void>;
}

/** A definition whose types are forgotten: the registry holds tasks of every kind. */
type AnyTaskDefinition = TaskDefinition<unknown, Record<string, unknown>>;

@Injectable()
export class TaskRunner {
  readonly #definitions = new Map<string, AnyTaskDefinition>();
  readonly #active = new Map<string, ActiveTask>();
  readonly #queue = new KeyedQueue(64);
  readonly #gate = new Gate(TASKS_RUNNING_MAX);
  #stopping = false;

  constructor(
    private readonly store: TaskStore,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Makes a kind of task known. All kinds are registered before `recover` is called. */
  register<P, C>(definition: TaskDefinition<P, C>): void {
    this.#definitions.set(definition.kind, definition);
  }

  /**
   * Records a task; the caller starts it with `start` once the transaction that it may have joined
   * has committed.
   */
  async prepare<P, C>(definition: TaskDefinition<P, C>, request: TaskRequest<P>): Promise<TaskRow> {
    if (this.#stopping) throw new ProblemError('service.unavailable', 'The service is stopping.');
    if (this.#active.size >= TASKS_OPEN_MAX) {
      throw new ProblemError('rate.limited', `More than ${TASKS_OPEN_MAX} tasks are open.`);
    }
    return this.store.insert(definition, request);
  }

  /** Records and starts a task. */
  async submit<P, C>(definition: TaskDefinition<P, C>, request: TaskRequest<P>): Promise<TaskRow> {
    const row = await this.prepare(definition, request);
    this.start(row);
    return row;
  }

  start(row: TaskRow): void {
    this.#launch(row, (run) => run.forward());
  }

  /** Takes up what the last run of the service left open. Called once, when all is registered. */
  async recover(): Promise<void> {
    for (const row of await this.store.open()) {
      if (this.#active.has(row.id)) continue;
      const definition = this.#definitions.get(row.kind);
      if (definition === undefined) {
        const error = { code: 'task.ownerLost', message: `No step of "${row.kind}" is known.` };
        await this.store.update(
          row.id,
          { state: 'failed', error, finishedAt: new Date() },
          'upsert',
        );
        continue;
      }
      const resume = row.state === 'queued' || definition.onOwnerLost === 'resume';
      const goesOn = resume && !row.cancelRequested;
      this.logger.info({ task: row.id, kind: row.kind, goesOn }, 'task taken up after a restart');
      this.#launch(row, (run) => (goesOn ? run.forward() : run.backward(ownerLost(row))));
    }
  }

  /** Asks a task to stop and undo itself. Resolves when the request is recorded. */
  async cancel(row: TaskRow): Promise<void> {
    const active = this.#active.get(row.id);
    if (active === undefined || !row.cancellable || isTerminal(row.state)) {
      throw new ProblemError('task.notCancellable', 'The task can no longer be cancelled.');
    }
    await this.store.update(row.id, { cancelRequested: true }, 'upsert');
    active.abort('cancelled');
  }

  /** Cancels what can be cancelled of the tasks with this queue key, to make way. */
  async interrupt(queueKey: string): Promise<void> {
    for (const { row } of [...this.#active.values()].filter((task) => task.queueKey === queueKey)) {
      if (row.cancellable) await this.cancel(row).catch(() => undefined);
    }
  }

  /** Waits until the task has ended, but no longer than `timeoutMs`; returns what it is then. */
  async wait(id: string, timeoutMs: number, signal?: AbortSignal): Promise<TaskRow | null> {
    const deadline = AbortSignal.timeout(timeoutMs);
    const over = signal === undefined ? deadline : AbortSignal.any([deadline, signal]);
    for (;;) {
      await endOf(this.#active.get(id)?.done, over);
      const row = await this.store.find(id);
      if (row === null || isTerminal(row.state) || timeoutMs === 0 || over.aborted) return row;
      // Right after a start of the service the task is open and not taken up yet.
      await delay(TAKE_UP_POLL_MS, over);
    }
  }

  /** Whether tasks with this queue key run or wait. */
  isBusy(queueKey: string): boolean {
    return !this.#queue.isIdle(queueKey);
  }

  /** Counts of open tasks, for metrics. */
  get openCount(): number {
    return this.#active.size;
  }

  /** Interrupts all runs; their tasks stay open in the database. Waits at most `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#stopping = true;
    const all = [...this.#active.values()];
    for (const active of all) active.abort('serviceStops');
    let timer: NodeJS.Timeout | undefined;
    const deadline = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.allSettled(all.map((active) => active.done)), deadline]);
    clearTimeout(timer);
  }

  #launch(
    row: TaskRow,
    drive: (run: TaskRun<unknown, Record<string, unknown>>) => Promise<TaskOutcome>,
  ): void {
    const definition = this.#definitions.get(row.kind);
    if (definition === undefined) throw new Error(`task kind ${row.kind} is not registered`);
    const run = new TaskRun(definition, row, this.store, this.logger);
    const key = definition.queueKey(definition.parseParams(row.params)) ?? row.id;
    const done = this.#queue
      .run(key, () => this.#gate.run(() => drive(run)))
      .catch((error: unknown) => this.#refuse(row, run, error))
      .finally(() => this.#active.delete(row.id))
      .then(() => undefined);
    this.#active.set(row.id, { row, queueKey: key, abort: (reason) => run.abort(reason), done });
  }

  async #refuse(
    row: TaskRow,
    run: TaskRun<unknown, Record<string, unknown>>,
    error: unknown,
  ): Promise<void> {
    if (error instanceof QueueFullError) {
      await run.backward(new ProblemError('rate.limited', error.message));
      return;
    }
    this.logger.error({ err: error, task: row.id }, 'task run broke');
  }
}

export function isTerminal(state: TaskRow['state']): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}

/** Resolves with `done`, at once when there is nothing to wait for, or when `over` fires. */
async function endOf(done: Promise<void> | undefined, over: AbortSignal): Promise<void> {
  if (done === undefined || over.aborted) return;
  let stopWaiting = (): void => undefined;
  const ended = new Promise<void>((resolve) => (stopWaiting = resolve));
  over.addEventListener('abort', stopWaiting, { once: true });
  await Promise.race([done, ended]);
  over.removeEventListener('abort', stopWaiting);
}

function ownerLost(row: TaskRow): ProblemError {
  if (row.cancelRequested) return new ProblemError('task.cancelled', 'The task was cancelled.');
  return new ProblemError('task.ownerLost', 'The service stopped while the task was running.');
}
