/** What the storage daemon is and does at this moment. */
import { z } from 'zod';
import { byteCountSchema, guidSchema, timeSchema } from '../api/primitives';

export const storageStatusSchema = z.object({
  nodeId: guidSchema,
  clusterId: guidSchema,
  version: z.string(),
  /** `starting` until every drive and volume of the node was tried once. */
  state: z.enum(['starting', 'serving', 'draining']),
  startedAt: timeSchema,
  /** From the start of the process until it served. */
  startupMs: z.number().min(0).nullable(),
  etcdReachable: z.boolean(),
  /** Whether a supervisor keeps the volumes' sockets across a restart of the daemon. */
  socketsKept: z.boolean(),
  drives: z.object({
    count: z.int().min(0),
    failedCount: z.int().min(0),
    sizeBytes: byteCountSchema,
    usedBytes: byteCountSchema,
    freeBytes: byteCountSchema,
  }),
  volumes: z.object({
    count: z.int().min(0),
    attachedCount: z.int().min(0),
    offlineCount: z.int().min(0),
    sizeBytes: byteCountSchema,
  }),
});
export type StorageStatus = z.infer<typeof storageStatusSchema>;
