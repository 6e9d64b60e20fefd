// A task row as the API shows it.
import {
  problemCodeSchema,
  resourceKindSchema,
  taskKindSchema,
  type Task,
  type TaskError,
  type TaskProgress,
} from '@cairn/contracts';
import type { TaskRow } from '@cairn/persistence';

/** Remaining seconds, if the task goes on as it did so far; null while that says nothing. */
function etaSecondsOf(row: TaskRow): number | null {
  if (row.state !== 'running' || row.startedAt === null || row.percent < 2) return null;
  const elapsedSeconds = (row.updatedAt.getTime() - row.startedAt.getTime()) / 1000;
  return Math.round((elapsedSeconds * (100 - row.percent)) / row.percent);
}

export function taskProgressOf(row: TaskRow): TaskProgress {
  return {
    percent: Math.round(row.percent * 10) / 10,
    bytesDone: row.bytesDone,
    bytesTotal: row.bytesTotal,
    etaSeconds: etaSecondsOf(row),
  };
}

export function taskErrorOf(error: TaskRow['error']): TaskError | null {
  if (error === null) return null;
  const code = problemCodeSchema.safeParse(error.code);
  return { code: code.success ? code.data : 'internal.error', message: error.message };
}

export function taskViewOf(row: TaskRow): Task {
  const resourceKind = resourceKindSchema.safeParse(row.resourceKind);
  return {
    id: row.id,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
    revision: row.revision,
    kind: taskKindSchema.parse(row.kind),
    state: row.state,
    progress: taskProgressOf(row),
    steps: row.steps.map((step) => ({ ...step })),
    resource:
      resourceKind.success && row.resourceId !== null
        ? { kind: resourceKind.data, id: row.resourceId, name: row.resourceName }
        : null,
    parentId: row.parentId,
    actor: { kind: row.actorKind, id: row.actorId, name: row.actorName },
    nodeId: row.ownerNodeId,
    error: taskErrorOf(row.error),
    cancellable: row.cancellable && (row.state === 'queued' || row.state === 'running'),
    startedAt: row.startedAt?.toISOString() ?? null,
    finishedAt: row.finishedAt?.toISOString() ?? null,
  };
}
