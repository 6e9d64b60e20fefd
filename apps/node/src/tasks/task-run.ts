// One run of one task: forward through its steps, or back through them. It decides nothing about
// when to run; TaskRunner does. Every state is written before the act it announces, so a crash
// leaves a row from which the next run can go on.
import type { TaskRow, TaskStepRow } from '@cairn/persistence';
import type { Logger } from '@cairn/telemetry';
import { DatabaseUnavailableError } from '../platform/database';
import { backOffMs, delay } from '../platform/delay';
import { ProblemError, toProblem } from '../platform/problem';
import type { TaskContext, TaskDefinition, TaskProgress } from './task-definition';
import type { TaskPatch } from './task-store';

const PROGRESS_INTERVAL_MS = 500;
const UNDO_ATTEMPTS_MAX = 4;

/** Why a run's signal fired. A stop leaves the task open for the next start of the service. */
export type AbortReason = 'cancelled' | 'serviceStops';

export interface TaskRecords {
  update(id: string, patch: TaskPatch, kind: 'upsert' | 'taskProgress'): Promise<void>;
  saveCheckpoint(id: string, checkpoint: Record<string, unknown>): Promise<void>;
}

/** How a run ended; `open` means that the next start of the service takes it up again. */
export type TaskOutcome = 'succeeded' | 'failed' | 'cancelled' | 'open';

export class TaskRun<Params, Checkpoint> {
  readonly #abort = new AbortController();
  /** Fires only when the service stops; ends the waits of an undo, which a cancel must not. */
  readonly #stop = new AbortController();
  readonly #params: Params;
  #checkpoint: Partial<Checkpoint>;
  #steps: TaskStepRow[];
  #publishedAtMs = 0;
  #pendingProgress: TaskProgress | null = null;
  #publishing: Promise<void> = Promise.resolve();

  constructor(
    private readonly definition: TaskDefinition<Params, Checkpoint>,
    private readonly row: TaskRow,
    private readonly records: TaskRecords,
    private readonly logger: Logger,
  ) {
    this.#params = definition.parseParams(row.params);
    this.#checkpoint = definition.parseCheckpoint(row.checkpoint);
    this.#steps = [...row.steps];
  }

  /** Asks the run to end. The first reason wins. */
  abort(reason: AbortReason): void {
    if (reason === 'serviceStops') this.#stop.abort();
    this.#abort.abort(reason);
  }

  /** Runs the steps that have not succeeded yet. Never rejects. */
  async forward(): Promise<TaskOutcome> {
    try {
      await this.#write({ state: 'running', startedAt: this.row.startedAt ?? new Date() });
      for (const [index, step] of this.definition.steps.entries()) {
        if (this.#steps[index]?.state === 'succeeded') continue;
        this.#throwIfAborted();
        await this.#enter(index, 'running');
        await step.run(this.#context(index));
        await this.#publishing;
        await this.#enter(index, 'succeeded');
      }
      await this.#write({ state: 'succeeded', percent: 100, finishedAt: new Date() });
      return 'succeeded';
    } catch (error) {
      await this.#publishing;
      if (this.#stop.signal.aborted) return 'open';
      return this.backward(this.#abort.signal.aborted ? cancelled() : error);
    }
  }

  /** Undoes every step that may have run, last first, and closes the task with `cause`. */
  async backward(cause: unknown): Promise<TaskOutcome> {
    const problem = toProblem(cause);
    const state = problem.code === 'task.cancelled' ? 'cancelled' : 'failed';
    try {
      for (let index = this.definition.steps.length - 1; index >= 0; index -= 1) {
        const reached = this.#steps[index]?.state;
        if (reached === 'pending' || reached === 'undone') continue;
        await this.#undo(index, problem);
      }
      const error = { code: problem.code, message: problem.detail };
      await this.#write({ state, error, finishedAt: new Date() });
    } catch (error) {
      if (!this.#stop.signal.aborted) this.logger.error({ err: error }, 'task could not be closed');
      return 'open';
    }
    if (state === 'failed') this.logger.warn({ err: cause, task: this.row.id }, 'task failed');
    return state;
  }

  async #undo(index: number, cause: ProblemError): Promise<void> {
    const undo = this.definition.steps[index]?.undo?.bind(this.definition.steps[index]);
    for (let attempt = 0; undo !== undefined && attempt < UNDO_ATTEMPTS_MAX; attempt += 1) {
      try {
        await undo(this.#context(index, this.#stop.signal), cause);
        break;
      } catch (error) {
        if (this.#stop.signal.aborted) throw error;
        this.logger.error({ err: error, task: this.row.id, attempt }, 'undo of a task step failed');
        await delay(backOffMs(attempt, 500, 5_000), this.#stop.signal);
      }
    }
    await this.#enter(index, 'undone');
  }

  #context(index: number, signal = this.#abort.signal): TaskContext<Params, Checkpoint> {
    const checkpoint = (): Readonly<Partial<Checkpoint>> => this.#checkpoint;
    return {
      taskId: this.row.id,
      params: this.#params,
      get checkpoint() {
        return checkpoint();
      },
      signal,
      save: async (patch) => {
        this.#checkpoint = { ...this.#checkpoint, ...patch };
        await this.#persist(() =>
          this.records.saveCheckpoint(this.row.id, { ...this.#checkpoint }),
        );
      },
      progress: (progress) => this.#report(index, progress),
    };
  }

  async #enter(index: number, state: TaskStepRow['state']): Promise<void> {
    const now = new Date().toISOString();
    this.#steps = this.#steps.map((step, at) => {
      if (at !== index) return step;
      if (state === 'running') return { ...step, state, startedAt: step.startedAt ?? now };
      return { ...step, state, finishedAt: now };
    });
    const done = state === 'succeeded' ? 1 : 0;
    await this.#write({ steps: this.#steps, percent: this.#percent(index, done) });
  }

  /** Progress is thrown away rather than queued: only the newest figure matters. */
  #report(index: number, progress: TaskProgress): void {
    const alreadyWaiting = this.#pendingProgress !== null;
    this.#pendingProgress = progress;
    if (alreadyWaiting) return;
    this.#publishing = this.#publishLater(index);
  }

  async #publishLater(index: number): Promise<void> {
    const waitMs = this.#publishedAtMs + PROGRESS_INTERVAL_MS - Date.now();
    if (waitMs > 0) await delay(waitMs, this.#abort.signal);
    const progress = this.#pendingProgress;
    this.#pendingProgress = null;
    this.#publishedAtMs = Date.now();
    if (progress === null || this.#abort.signal.aborted) return;
    const { bytesDone, bytesTotal } = progress;
    const within = bytesTotal > 0 ? Math.min(1, bytesDone / bytesTotal) : 0;
    try {
      const percent = this.#percent(index, within);
      await this.records.update(this.row.id, { percent, bytesDone, bytesTotal }, 'taskProgress');
    } catch (error) {
      this.logger.debug({ err: error }, 'progress not recorded');
    }
  }

  #percent(index: number, within: number): number {
    const weights = this.definition.steps.map((step) => step.weight ?? 1);
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    const before = weights.slice(0, index).reduce((sum, weight) => sum + weight, 0);
    return Math.min(100, (100 * (before + (weights[index] ?? 0) * within)) / total);
  }

  async #write(patch: TaskPatch): Promise<void> {
    await this.#persist(() => this.records.update(this.row.id, patch, 'upsert'));
  }

  /** A task outlives an outage of the database: its records are tried again until it is back. */
  async #persist(write: () => Promise<void>): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      try {
        await write();
        return;
      } catch (error) {
        if (!(error instanceof DatabaseUnavailableError) || this.#stop.signal.aborted) throw error;
        await delay(backOffMs(attempt, 200, 3_000), this.#stop.signal);
      }
    }
  }

  #throwIfAborted(): void {
    if (this.#abort.signal.aborted) throw cancelled();
  }
}

function cancelled(): ProblemError {
  return new ProblemError('task.cancelled', 'The task was cancelled.');
}
