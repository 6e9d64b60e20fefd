// What a task is made of. A task is a list of steps; each can be repeated without harm (a crash may
// come between the act and its record) and most can undo what they made. Undo must work from the
// checkpoint alone and must accept that its step never ran.
import type { ResourceKind, TaskKind } from '@cairn/contracts';
import type { EntityManager } from 'typeorm';
import type { ProblemError } from '../platform/problem';

export interface TaskProgress {
  readonly bytesDone: number;
  readonly bytesTotal: number;
}

export interface TaskContext<Params, Checkpoint> {
  readonly taskId: string;
  readonly params: Params;
  /** What the steps so far have made; persisted. */
  readonly checkpoint: Readonly<Partial<Checkpoint>>;
  /** Fires when the task is cancelled and when the service stops. */
  readonly signal: AbortSignal;
  /**
   * Remembers `patch` before it resolves. Save the name of what is about to be made, so that the
   * undo of a crashed step can find it.
   */
  save(patch: Partial<Checkpoint>): Promise<void>;
  /** Reports progress within the running step; cheap, published at most twice a second. */
  progress(progress: TaskProgress): void;
}

export interface TaskStep<Params, Checkpoint> {
  readonly name: string;
  /** Share of the whole task's duration, relative to the other steps. */
  readonly weight?: number;
  run(context: TaskContext<Params, Checkpoint>): Promise<void>;
  /** `cause` says why the task goes back. */
  undo?(context: TaskContext<Params, Checkpoint>, cause: ProblemError): Promise<void>;
}

export interface TaskDefinition<Params, Checkpoint> {
  readonly kind: TaskKind;
  readonly cancellable: boolean;
  /** What happens to the task when the service restarts while it runs. */
  readonly onOwnerLost: 'resume' | 'undo';
  /** Tasks with the same key run one after another; null runs at once. */
  queueKey(params: Params): string | null;
  parseParams(value: unknown): Params;
  parseCheckpoint(value: unknown): Partial<Checkpoint>;
  readonly steps: readonly TaskStep<Params, Checkpoint>[];
}

/** Who asked for a task. */
export interface TaskActor {
  readonly kind: 'user' | 'apiToken' | 'system';
  readonly id: string | null;
  readonly name: string;
}

export const SYSTEM_ACTOR: TaskActor = { kind: 'system', id: null, name: 'system' };

export interface TaskResource {
  readonly kind: ResourceKind;
  readonly id: string;
  readonly name: string | null;
}

export interface TaskRequest<Params> {
  readonly params: Params;
  readonly resource: TaskResource;
  readonly actor: TaskActor;
  readonly parentId?: string;
  /** Joins the transaction that makes the resource, so that neither exists without the other. */
  readonly manager?: EntityManager;
}
