/** Time series of one VM for graphs, in columns: one array of times and one of values for each series. */
import { z } from 'zod';
import { idSchema, timeSchema } from './primitives';
import { named } from './schema-names';

export const metricsRanges = { '10m': 600, '1h': 3600, '6h': 21_600, '24h': 86_400, '7d': 604_800 };
export const metricsRangeSchema = z.enum(['10m', '1h', '6h', '24h', '7d']);
export type MetricsRange = z.infer<typeof metricsRangeSchema>;

export const vmMetricsQuerySchema = z.strictObject({
  range: metricsRangeSchema.default('1h').describe('How far back from now.'),
});

const column = z.array(z.number().nullable()).describe('Null where nothing was measured.');

const seriesShape = {
  cpuRatio: column,
  memoryUsedBytes: column,
  diskReadBytesPerSecond: column,
  diskWriteBytesPerSecond: column,
  diskReadOpsPerSecond: column,
  diskWriteOpsPerSecond: column,
  diskReadLatencySeconds: column,
  diskWriteLatencySeconds: column,
  networkReceiveBytesPerSecond: column,
  networkTransmitBytesPerSecond: column,
};

export const vmMetricsSchema = named(
  'VmMetrics',
  z.object({
    vmId: idSchema,
    range: metricsRangeSchema,
    stepSeconds: z.number().positive(),
    from: timeSchema,
    to: timeSchema,
    timestamps: z.array(z.number()).describe('Seconds since 1970, as long as every series.'),
    series: z.object(seriesShape),
  }),
);
export type VmMetrics = z.infer<typeof vmMetricsSchema>;
export type VmSeriesName = keyof VmMetrics['series'];

/** The latest value of every series, sent in the opt-in topic `metrics`. */
export const vmSampleSchema = named(
  'VmSample',
  z.object({
    cpuRatio: z.number().nullable(),
    memoryUsedBytes: z.number().nullable(),
    diskReadBytesPerSecond: z.number().nullable(),
    diskWriteBytesPerSecond: z.number().nullable(),
    diskReadOpsPerSecond: z.number().nullable(),
    diskWriteOpsPerSecond: z.number().nullable(),
    diskReadLatencySeconds: z.number().nullable(),
    diskWriteLatencySeconds: z.number().nullable(),
    networkReceiveBytesPerSecond: z.number().nullable(),
    networkTransmitBytesPerSecond: z.number().nullable(),
  }),
);
export type VmSample = z.infer<typeof vmSampleSchema>;
