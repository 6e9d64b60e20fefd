/** Tasks: long work with progress, steps and cancellation; they outlive a restart of the service. */
import { z } from 'zod';
import { limits } from './headers';
import { listOf, queryInt } from './lists';
import {
  byteCountSchema,
  idSchema,
  resourceBase,
  resourceRefSchema,
  timeSchema,
} from './primitives';
import { problemCodeSchema } from './problem';
import { named } from './schema-names';

export const taskStates = ['queued', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export const taskStateSchema = named('TaskState', z.enum(taskStates));
export type TaskState = z.infer<typeof taskStateSchema>;

/** What kinds of long work exist. */
export const taskKinds = [
  'vm.create',
  'vm.delete',
  'vm.start',
  'vm.shutdown',
  'vm.stop',
  'vm.reboot',
  'vm.reset',
  'vm.pause',
  'vm.resume',
  'vm.diskAdd',
  'vm.diskResize',
  'vm.diskRemove',
  'vm.mediaInsert',
  'vm.mediaEject',
  'vm.nicAdd',
  'vm.nicRemove',
  'drive.add',
  'drive.remove',
  'image.import',
  'image.download',
  'image.buildDemo',
  'image.delete',
  'iso.import',
  'iso.download',
  'iso.delete',
] as const;
export const taskKindSchema = named('TaskKind', z.enum(taskKinds));
export type TaskKind = z.infer<typeof taskKindSchema>;

export const actorSchema = named(
  'Actor',
  z.object({
    kind: z.enum(['user', 'apiToken', 'system']),
    id: z.string().nullable(),
    name: z.string(),
  }),
);
export type Actor = z.infer<typeof actorSchema>;

export const taskProgressSchema = named(
  'TaskProgress',
  z.object({
    percent: z.number().min(0).max(100).nullable().describe('Null while it cannot be known.'),
    bytesDone: byteCountSchema.nullable(),
    bytesTotal: byteCountSchema.nullable(),
    etaSeconds: z.number().min(0).nullable(),
  }),
);
export type TaskProgress = z.infer<typeof taskProgressSchema>;

export const taskStepSchema = named(
  'TaskStep',
  z.object({
    name: z.string(),
    state: z.enum(['pending', 'running', 'succeeded', 'failed', 'undone', 'skipped']),
    message: z.string().nullable(),
    startedAt: timeSchema.nullable(),
    finishedAt: timeSchema.nullable(),
  }),
);
export type TaskStep = z.infer<typeof taskStepSchema>;

export const taskErrorSchema = named(
  'TaskError',
  z.object({ code: problemCodeSchema, message: z.string() }),
);
export type TaskError = z.infer<typeof taskErrorSchema>;

export const taskSchema = named(
  'Task',
  z.object({
    ...resourceBase,
    kind: taskKindSchema,
    state: taskStateSchema,
    progress: taskProgressSchema,
    steps: z.array(taskStepSchema),
    resource: resourceRefSchema.nullable().describe('What the task works on or has made.'),
    parentId: idSchema.nullable(),
    actor: actorSchema,
    nodeId: z.string().nullable().describe('The node that runs it.'),
    error: taskErrorSchema.nullable(),
    cancellable: z.boolean(),
    startedAt: timeSchema.nullable(),
    finishedAt: timeSchema.nullable(),
  }),
);
export type Task = z.infer<typeof taskSchema>;

export const taskListSchema = listOf('Task', taskSchema);

export const taskWaitQuerySchema = z.strictObject({
  waitSeconds: queryInt(z.int().min(0).max(limits.preferWaitSecondsMax))
    .optional()
    .describe('Answer when the task is finished or after so many seconds.'),
});

/** A finished task never changes again. */
export function isFinished(state: TaskState): boolean {
  return state === 'succeeded' || state === 'failed' || state === 'cancelled';
}
