/** The cluster as a whole: identity, health, capacity and how much it can lose. */
import { z } from 'zod';
import {
  byteCountSchema,
  conditionSchema,
  guidSchema,
  nameSchema,
  ratioSchema,
  resourceBase,
} from './primitives';
import { named } from './schema-names';

export const failureBudgetSchema = named(
  'FailureBudget',
  z.object({
    nodes: z.int().min(0).describe('So many nodes may fail now without loss of data or service.'),
    drives: z.int().min(0),
    limitingFactor: z.string().describe('A sentence: what bounds the budget.'),
  }),
);

export const clusterSchema = named(
  'Cluster',
  z.object({
    ...resourceBase,
    id: guidSchema,
    name: nameSchema,
    version: z.string(),
    nodesTotal: z.int().min(1),
    nodesOnline: z.int().min(0),
    quorum: z.boolean(),
    failureBudget: failureBudgetSchema,
    capacity: z.object({
      rawBytes: byteCountSchema,
      usableBytes: byteCountSchema,
      usedBytes: byteCountSchema,
      committedBytes: byteCountSchema.describe('Sum of the sizes of all volumes.'),
      runwayDays: z.number().min(0).nullable().describe('Null while there is no trend.'),
    }),
    compute: z.object({
      threadsTotal: z.int().min(0),
      vcpusCommitted: z.int().min(0).describe('vCPUs of the VMs that should run.'),
      cpuUsedRatio: ratioSchema.nullable(),
      memoryTotalBytes: byteCountSchema,
      memoryUsedBytes: byteCountSchema.nullable(),
      memoryCommittedBytes: byteCountSchema.describe('Memory of the VMs that should run.'),
    }),
    vmsTotal: z.int().min(0),
    vmsRunning: z.int().min(0),
    status: z.object({
      state: z.enum(['healthy', 'degraded', 'critical']),
      summary: z.string().describe('A sentence for people.'),
      conditions: z.array(conditionSchema),
    }),
  }),
);
export type Cluster = z.infer<typeof clusterSchema>;

export const clusterPatchSchema = named(
  'ClusterPatch',
  z.strictObject({ name: nameSchema.optional() }),
);
export type ClusterPatch = z.infer<typeof clusterPatchSchema>;
