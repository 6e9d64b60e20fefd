// What happened: tasks, the event outbox, the audit log, and remembered idempotent answers.
import {
  entity,
  bytesColumn,
  idColumn,
  nullableBytesColumn,
  nullableTimeColumn,
  revisionColumn,
  safeInteger,
  timeColumn,
} from '../columns';

/** One step of a task as it is remembered; steps run in order and are undone in reverse. */
export interface TaskStepRow {
  readonly name: string;
  readonly state: 'pending' | 'running' | 'succeeded' | 'failed' | 'undone' | 'skipped';
  readonly message: string | null;
  readonly startedAt: string | null;
  readonly finishedAt: string | null;
}

/** Why a task failed: a stable code and a sentence. */
export interface TaskErrorRow {
  readonly code: string;
  readonly message: string;
}

/** A unit of slow work that outlives a restart of the service. */
export interface TaskRow {
  readonly id: string;
  readonly kind: string;
  readonly state: 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
  readonly resourceKind: string | null;
  readonly resourceId: string | null;
  readonly resourceName: string | null;
  readonly parentId: string | null;
  readonly actorKind: 'user' | 'apiToken' | 'system';
  readonly actorId: string | null;
  readonly actorName: string;
  readonly ownerNodeId: string;
  readonly cancellable: boolean;
  readonly cancelRequested: boolean;
  /** 0 to 100. */
  readonly percent: number;
  readonly bytesDone: number | null;
  readonly bytesTotal: number | null;
  readonly steps: TaskStepRow[];
  /** What was asked for; never changes. */
  readonly params: unknown;
  /** What the steps have made so far, enough to resume or undo after a crash. */
  readonly checkpoint: Record<string, unknown>;
  readonly error: TaskErrorRow | null;
  readonly createdAt: Date;
  readonly startedAt: Date | null;
  readonly finishedAt: Date | null;
  readonly updatedAt: Date;
  readonly revision: number;
}

export const TaskEntity = entity<TaskRow>({
  name: 'Task',
  tableName: 'tasks',
  columns: {
    id: idColumn,
    kind: { type: 'text' },
    state: { type: 'text' },
    resourceKind: { type: 'text', nullable: true },
    resourceId: { type: 'text', nullable: true },
    resourceName: { type: 'text', nullable: true },
    parentId: { type: 'uuid', nullable: true },
    actorKind: { type: 'text' },
    actorId: { type: 'uuid', nullable: true },
    actorName: { type: 'text' },
    ownerNodeId: { type: 'uuid' },
    cancellable: { type: 'bool', default: false },
    cancelRequested: { type: 'bool', default: false },
    percent: { type: 'float8', default: 0 },
    bytesDone: nullableBytesColumn,
    bytesTotal: nullableBytesColumn,
    steps: { type: 'jsonb' },
    params: { type: 'jsonb', nullable: true },
    checkpoint: { type: 'jsonb' },
    error: { type: 'jsonb', nullable: true },
    createdAt: timeColumn,
    startedAt: nullableTimeColumn,
    finishedAt: nullableTimeColumn,
    updatedAt: timeColumn,
    revision: revisionColumn,
  },
  indices: [
    { columns: ['state'] },
    { columns: ['createdAt'] },
    { columns: ['resourceId'] },
    { columns: ['parentId'] },
  ],
  foreignKeys: [
    {
      target: 'Task',
      columnNames: ['parentId'],
      referencedColumnNames: ['id'],
      onDelete: 'CASCADE',
    },
  ],
});

/**
 * The outbox of the event feed. `revision` orders all changes of the cluster: writers append under
 * one advisory lock, so revisions become visible in their own order and a reader never skips one.
 */
export interface EventRow {
  readonly revision: number;
  readonly at: Date;
  readonly topic: string;
  readonly kind: string;
  readonly resourceId: string;
}

export const EventEntity = entity<EventRow>({
  name: 'Event',
  tableName: 'events',
  columns: {
    revision: {
      type: 'int8',
      primary: true,
      generated: 'increment',
      transformer: safeInteger,
    },
    at: timeColumn,
    topic: { type: 'text' },
    kind: { type: 'text' },
    resourceId: { type: 'text' },
  },
  indices: [{ columns: ['at'] }],
});

/** One link of the audit chain: `hash` covers the entry and the hash before it. Append only. */
export interface AuditRow {
  readonly sequence: number;
  readonly at: Date;
  readonly actorId: string | null;
  readonly actorName: string;
  readonly client: string;
  readonly ip: string;
  readonly action: string;
  readonly resourceKind: string | null;
  readonly resourceId: string | null;
  readonly result: 'success' | 'failure' | 'denied';
  readonly code: string | null;
  readonly requestId: string | null;
  readonly detail: unknown;
  readonly prevHash: string;
  readonly hash: string;
}

export const AuditEntity = entity<AuditRow>({
  name: 'Audit',
  tableName: 'audit_log',
  columns: {
    sequence: { ...bytesColumn, primary: true },
    at: timeColumn,
    actorId: { type: 'uuid', nullable: true },
    actorName: { type: 'text' },
    client: { type: 'text' },
    ip: { type: 'text' },
    action: { type: 'text' },
    resourceKind: { type: 'text', nullable: true },
    resourceId: { type: 'text', nullable: true },
    result: { type: 'text' },
    code: { type: 'text', nullable: true },
    requestId: { type: 'text', nullable: true },
    detail: { type: 'jsonb', nullable: true },
    prevHash: { type: 'text' },
    hash: { type: 'text' },
  },
  indices: [{ columns: ['at'] }],
});

/** The remembered answer to a request with an `Idempotency-Key`; `status` null while it runs. */
export interface IdempotencyKeyRow {
  readonly actorId: string;
  readonly key: string;
  readonly route: string;
  readonly requestHash: string;
  readonly status: number | null;
  readonly headers: Record<string, string>;
  readonly body: unknown;
  readonly createdAt: Date;
  readonly expiresAt: Date;
}

export const IdempotencyKeyEntity = entity<IdempotencyKeyRow>({
  name: 'IdempotencyKey',
  tableName: 'idempotency_keys',
  columns: {
    actorId: { type: 'uuid', primary: true },
    key: { type: 'text', primary: true },
    route: { type: 'text' },
    requestHash: { type: 'text' },
    status: { type: 'int4', nullable: true },
    headers: { type: 'jsonb' },
    body: { type: 'jsonb', nullable: true },
    createdAt: timeColumn,
    expiresAt: timeColumn,
  },
  indices: [{ columns: ['expiresAt'] }],
});
