/**
 * QEMU's monitor protocol, as far as the runtime relies on it. Everything QEMU sends is parsed
 * here; what does not parse is dropped by the client and counted, never trusted.
 */
import { z } from 'zod';

export const qmpGreetingSchema = z.object({
  QMP: z.object({
    version: z.object({
      qemu: z.object({ major: z.int(), minor: z.int(), micro: z.int() }),
    }),
    capabilities: z.array(z.string()),
  }),
});

export const qmpEventSchema = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()).default({}),
  timestamp: z.object({ seconds: z.number(), microseconds: z.number() }),
});
export type QmpEvent = z.output<typeof qmpEventSchema>;

export const qmpReplySchema = z.union([
  z.object({ id: z.number(), return: z.unknown() }),
  z.object({ id: z.number(), error: z.object({ class: z.string(), desc: z.string() }) }),
]);

export const statusSchema = z.object({ status: z.string(), running: z.boolean() });
export const uuidSchema = z.object({ UUID: z.string() });
export const cpusSchema = z.array(z.object({ 'thread-id': z.int() }));

export const blockStatsSchema = z.array(
  z.object({
    qdev: z.string().optional(),
    stats: z.object({
      rd_bytes: z.number(),
      wr_bytes: z.number(),
      rd_operations: z.number(),
      wr_operations: z.number(),
      flush_operations: z.number(),
      rd_total_time_ns: z.number(),
      wr_total_time_ns: z.number(),
      flush_total_time_ns: z.number(),
      failed_rd_operations: z.number().default(0),
      failed_wr_operations: z.number().default(0),
      failed_flush_operations: z.number().default(0),
    }),
  }),
);
export type BlockStats = z.output<typeof blockStatsSchema>;

export const blockDevicesSchema = z.array(
  z.object({
    qdev: z.string().optional(),
    inserted: z.object({ 'node-name': z.string().optional() }).optional(),
  }),
);

export const balloonStatsSchema = z.object({
  'last-update': z.number(),
  stats: z.record(z.string(), z.number()),
});

export const shutdownEventSchema = z.object({ guest: z.boolean(), reason: z.string() });
export const blockIoErrorSchema = z.object({
  device: z.string().default(''),
  'qom-path': z.string().default(''),
  'node-name': z.string().optional(),
  action: z.string(),
  reason: z.string().default(''),
});
