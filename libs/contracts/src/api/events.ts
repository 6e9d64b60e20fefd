/**
 * Server-sent events: what changed, as it changes.
 *
 * The SSE field `id` is the cluster revision, the SSE field `event` equals the field `event` of the data. After `resync`
 * the client must fetch again what it shows: events were lost or it was too slow.
 */
import { z } from 'zod';
import { clusterSchema } from './cluster';
import { driveSchema } from './drives';
import { imageSchema } from './images';
import { isoSchema } from './isos';
import { nodeSchema } from './nodes';
import { idSchema, revisionSchema, timeSchema } from './primitives';
import { named } from './schema-names';
import { taskProgressSchema, taskSchema, taskStateSchema, taskStepSchema } from './tasks';
import { vmSampleSchema } from './vm-metrics';
import { vmSchema } from './vms';
import { volumeSchema } from './volumes';

/** `metrics` must be asked for; all others are sent by default. */
export const eventTopics = [
  'cluster',
  'nodes',
  'drives',
  'vms',
  'volumes',
  'images',
  'isos',
  'tasks',
  'metrics',
] as const;
export const eventTopicSchema = named('EventTopic', z.enum(eventTopics));
export type EventTopic = z.infer<typeof eventTopicSchema>;

export const eventsQuerySchema = z.strictObject({
  topics: z
    .string()
    .max(256)
    .regex(new RegExp(`^(?:${eventTopics.join('|')})(?:,(?:${eventTopics.join('|')}))*$`))
    .optional()
    .describe('Topics separated by commas; all but `metrics` by default.'),
  since: z
    .string()
    .regex(/^\d{1,16}$/)
    .optional()
    .describe('Start after this revision; `Last-Event-ID` says the same.'),
});

const stamp = { revision: revisionSchema, at: timeSchema };

function upsertOf<Topic extends EventTopic, Resource extends z.ZodType>(
  topic: Topic,
  resource: Resource,
) {
  return z.object({
    event: z.literal('upsert'),
    topic: z.literal(topic),
    id: z.string(),
    ...stamp,
    resource,
  });
}

export const upsertEventSchema = named(
  'UpsertEvent',
  z.discriminatedUnion('topic', [
    upsertOf('cluster', clusterSchema),
    upsertOf('nodes', nodeSchema),
    upsertOf('drives', driveSchema),
    upsertOf('vms', vmSchema),
    upsertOf('volumes', volumeSchema),
    upsertOf('images', imageSchema),
    upsertOf('isos', isoSchema),
    upsertOf('tasks', taskSchema),
  ]),
);
export type UpsertEvent = z.infer<typeof upsertEventSchema>;

export const deleteEventSchema = named(
  'DeleteEvent',
  z.object({
    event: z.literal('delete'),
    topic: eventTopicSchema,
    id: z.string(),
    ...stamp,
  }),
);

/** At most two a second for each task. */
export const taskProgressEventSchema = named(
  'TaskProgressEvent',
  z.object({
    event: z.literal('taskProgress'),
    topic: z.literal('tasks'),
    id: idSchema,
    ...stamp,
    state: taskStateSchema,
    progress: taskProgressSchema,
    steps: z.array(taskStepSchema),
  }),
);

/** Every two seconds for each running VM, to those who asked for the topic `metrics`. */
export const metricsEventSchema = named(
  'MetricsEvent',
  z.object({
    event: z.literal('metrics'),
    topic: z.literal('metrics'),
    id: idSchema.describe('Of the VM.'),
    ...stamp,
    sample: vmSampleSchema,
  }),
);

export const resyncEventSchema = named(
  'ResyncEvent',
  z.object({
    event: z.literal('resync'),
    ...stamp,
    reason: z.enum(['gap', 'slowReader', 'restart']),
  }),
);

export const eventSchema = named(
  'Event',
  z.discriminatedUnion('event', [
    upsertEventSchema,
    deleteEventSchema,
    taskProgressEventSchema,
    metricsEventSchema,
    resyncEventSchema,
  ]),
);
export type CairnEvent = z.infer<typeof eventSchema>;
