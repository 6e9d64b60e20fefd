/**
 * The engine's commands: what each takes and answers. One table; the native side is native/engine.
 *
 * Ids of volumes and incarnations are 64-bit numbers in decimal text. Sizes are numbers of bytes.
 */
import { engineVolumeIdSchema, guidSchema, storageErrorKindSchema } from '@cairn/contracts';
import { z } from 'zod';

const bytes = z.int().min(0);
const count = z.int().min(0);
const nothing = z.strictObject({});

/** The latencies' buckets: entry i counts those below 2^i microseconds, the last one the rest. */
export const LATENCY_BUCKETS = 24;

export const driveClassSchema = z.enum(['unknown', 'nvme', 'ssd', 'hdd', 'file']);
export type DriveClass = z.infer<typeof driveClassSchema>;

export const engineErrorSchema = z.object({ kind: storageErrorKindSchema, message: z.string() });

export const storeIdentitySchema = z.object({
  storeId: guidSchema,
  clusterId: guidSchema,
  nodeId: guidSchema,
  /** New at each format: tells a store that was formatted again from the one it was. */
  incarnation: z.string().regex(/^[0-9]{1,20}$/),
  driveClass: driveClassSchema,
  sizeBytes: bytes,
  clean: z.boolean(),
});
export type StoreIdentity = z.infer<typeof storeIdentitySchema>;

export const storeStateSchema = z.object({
  storeId: guidSchema,
  path: z.string(),
  identity: storeIdentitySchema,
  capacity: z.object({
    totalBytes: bytes,
    allocatedBytes: bytes,
    /** Part of allocatedBytes: freed, but not yet for use. */
    releasingBytes: bytes,
    freeBytes: bytes,
  }),
  /** Why the store serves nothing any more; null while it does. */
  failure: engineErrorSchema.nullable(),
});
export type StoreState = z.infer<typeof storeStateSchema>;

export const volumeStateSchema = z.object({
  volumeId: engineVolumeIdSchema,
  storeId: guidSchema,
  exportName: z.string(),
  sizeBytes: bytes,
  volumeEpoch: z.int().min(1),
  readOnly: z.boolean(),
  connectionsCount: count,
  requestsInFlightCount: count,
});
export type VolumeState = z.infer<typeof volumeStateSchema>;

export const operationCountersSchema = z.object({
  operationsCount: count,
  bytes,
  errorsCount: count,
  latencyNsSum: z.number().min(0),
  latencyCounts: z.array(count).length(LATENCY_BUCKETS),
});
export type OperationCounters = z.infer<typeof operationCountersSchema>;

export const volumeStatsSchema = volumeStateSchema.extend({
  allocatedBytes: bytes,
  connectionsAcceptedCount: count,
  protocolErrorsCount: count,
  read: operationCountersSchema,
  write: operationCountersSchema,
  flush: operationCountersSchema,
  trim: operationCountersSchema,
});
export type VolumeStats = z.infer<typeof volumeStatsSchema>;

const storeRef = z.strictObject({ storeId: guidSchema });
const volumeRef = z.strictObject({ volumeId: engineVolumeIdSchema });
const command = <P extends z.ZodType, R extends z.ZodType>(params: P, result: R) => ({
  params,
  result,
});

/** What each command takes and answers. */
export const engineCommands = {
  'drive.probe': command(
    z.strictObject({ path: z.string() }),
    z.object({
      path: z.string(),
      sizeBytes: bytes,
      isBlockDevice: z.boolean(),
      /** Null: the drive carries no store of Cairn. */
      store: storeIdentitySchema.nullable(),
    }),
  ),
  'drive.format': command(
    z.strictObject({
      path: z.string(),
      clusterId: guidSchema,
      nodeId: guidSchema,
      storeId: guidSchema.optional(),
      driveClass: driveClassSchema.optional(),
      serial: z.string().optional(),
      /** Makes the file first; it must not exist. */
      createBytes: z.int().min(1).optional(),
      force: z.boolean().optional(),
    }),
    storeIdentitySchema,
  ),
  'store.open': command(
    z.strictObject({
      path: z.string(),
      /** wrong_identity if another store, or another incarnation of it, is found. */
      storeId: guidSchema.optional(),
      incarnation: storeIdentitySchema.shape.incarnation.optional(),
    }),
    storeStateSchema,
  ),
  'store.close': command(storeRef, nothing),
  'store.list': command(nothing, z.object({ items: z.array(storeStateSchema) })),
  'store.stats': command(
    storeRef,
    storeStateSchema.extend({ counters: z.record(z.string(), z.number()) }),
  ),
  'volume.attach': command(
    z.strictObject({
      volumeId: engineVolumeIdSchema,
      storeId: guidSchema,
      sizeBytes: z.int().min(4096),
      /** Must grow with every attachment of the volume. */
      volumeEpoch: z.int().min(1),
      exportName: z.string(),
      description: z.string().optional(),
      readOnly: z.boolean().optional(),
      connectionsMax: z.int().min(1).max(64).optional(),
      /** A listening socket, the engine's from now on, also when the command fails. */
      listenFd: z.int().min(3).optional(),
      /** Instead: a socket is made there. */
      socketPath: z.string().optional(),
      socketMode: z.int().min(0).max(0o777).optional(),
    }),
    volumeStateSchema,
  ),
  'volume.detach': command(volumeRef, nothing),
  'volume.resize': command(
    z.strictObject({ volumeId: engineVolumeIdSchema, sizeBytes: z.int().min(4096) }),
    volumeStateSchema,
  ),
  'volume.delete': command(
    z.strictObject({ storeId: guidSchema, volumeId: engineVolumeIdSchema }),
    nothing,
  ),
  /**
   * Drops every volume of the store that the list does not name. Volumes from `nextVolumeId` on are never dropped but told
   * of: records that were restored from a backup are older than the store.
   */
  'volume.gc': command(
    z.strictObject({
      storeId: guidSchema,
      liveVolumeIds: z.array(engineVolumeIdSchema),
      nextVolumeId: engineVolumeIdSchema,
    }),
    z.object({
      droppedVolumeIds: z.array(engineVolumeIdSchema),
      aheadVolumeIds: z.array(engineVolumeIdSchema),
    }),
  ),
  'volume.list': command(nothing, z.object({ items: z.array(volumeStateSchema) })),
  'volume.stats': command(volumeRef, volumeStatsSchema),
  'engine.stats': command(
    nothing,
    z.object({ bufferBytesTaken: bytes, bufferBytesCached: bytes, stores: count, volumes: count }),
  ),
} as const;

export type EngineMethod = keyof typeof engineCommands;
export type EngineParams<M extends EngineMethod> = z.input<(typeof engineCommands)[M]['params']>;
export type EngineResult<M extends EngineMethod> = z.output<(typeof engineCommands)[M]['result']>;

/** What the engine tells unasked. */
export const engineEventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('store.failed'), storeId: guidSchema, error: engineErrorSchema }),
  /** Its listening socket failed; the volume is detached. */
  z.object({
    event: z.literal('volume.stopped'),
    volumeId: engineVolumeIdSchema,
    error: engineErrorSchema,
  }),
]);
export type EngineEvent = z.infer<typeof engineEventSchema>;

/** One line from the engine, parsed. */
export const engineReplySchema = z.discriminatedUnion('ok', [
  z.object({ ok: z.literal(true), result: z.unknown() }),
  z.object({ ok: z.literal(false), error: engineErrorSchema }),
]);
