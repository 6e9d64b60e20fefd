/** Nodes: the servers of the cluster. */
import { z } from 'zod';
import { listOf } from './lists';
import {
  byteCountSchema,
  conditionSchema,
  guidSchema,
  nameSchema,
  ratioSchema,
  resourceBase,
} from './primitives';
import { named } from './schema-names';

/** How guests' instructions run on a node, and why. */
export const acceleratorSchema = named(
  'Accelerator',
  z.object({
    kind: z.enum(['kvm', 'tcg']).describe('Hardware virtualisation or software emulation.'),
    kvm: z.enum(['usable', 'degraded', 'unusable', 'absent']).describe('Verdict of the self-test.'),
    reason: z.string().describe('A sentence: what the self-test found.'),
  }),
);
export type Accelerator = z.infer<typeof acceleratorSchema>;

export const nodeStateSchema = z.enum([
  'online',
  'offline',
  'maintenance',
  'joining',
  'draining',
  'failed',
]);
export type NodeState = z.infer<typeof nodeStateSchema>;

export const nodeSchema = named(
  'Node',
  z.object({
    ...resourceBase,
    id: guidSchema,
    name: nameSchema,
    address: z.string(),
    version: z.string(),
    schedulable: z.boolean(),
    cpu: z.object({
      model: z.string(),
      coresTotal: z.int().min(1),
      threadsTotal: z.int().min(1),
    }),
    memoryTotalBytes: byteCountSchema,
    status: z.object({
      state: nodeStateSchema,
      conditions: z.array(conditionSchema),
      accelerator: acceleratorSchema,
      privileged: z
        .boolean()
        .describe('Without privileges there are no bridges and no users per VM.'),
      kernelVersion: z.string(),
      qemuVersion: z.string().nullable(),
      uefi: z.boolean().describe('The node has UEFI firmware for guests.'),
      bridges: z.array(z.string()).describe('Bridges that a network card may join.'),
      uptimeSeconds: z.number().min(0).nullable(),
      cpuUsedRatio: ratioSchema.nullable(),
      memoryUsedBytes: byteCountSchema.nullable(),
      vmsRunning: z.int().min(0),
    }),
  }),
);
export type Node = z.infer<typeof nodeSchema>;

export const nodeListSchema = listOf('Node', nodeSchema);
