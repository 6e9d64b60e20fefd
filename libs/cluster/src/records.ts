/**
 * The facts of the storage in etcd: keys, values and their schemas (storage.md §4.2).
 *
 *     /cairn/store/<uuid>        StoreRecord: a formatted drive and where it is
 *     /cairn/vol/<number>        VolumeRecord: a volume, alive exactly as long as this key exists
 *     /cairn/next-volume-id      NextVolumeRecord: the lowest number that was never given
 *     /cairn/node/<uuid>         NodeRecord, under the node's lease: it is alive
 *     /cairn/leader              LeaderRecord, under the leader's lease
 *
 * Values are JSON objects with `schema: 1`. Unknown fields are kept out on reading and so are lost on writing; a newer schema
 * number is refused. One key is one decision: what must change together stands in one value.
 */
import { z } from 'zod';
import { ClusterError, type KeyValue } from './key-value-store';

const decimal = z.string().regex(/^[1-9][0-9]{0,19}$/);
const uuid = z.guid();

export const recordPrefixes = {
  store: '/cairn/store/',
  volume: '/cairn/vol/',
  node: '/cairn/node/',
} as const;

export const recordKeys = {
  store: (storeId: string) => `${recordPrefixes.store}${storeId}`,
  /** Zero-padded, so that keys sort as the numbers do. */
  volume: (volumeId: string) => `${recordPrefixes.volume}${volumeId.padStart(20, '0')}`,
  node: (nodeId: string) => `${recordPrefixes.node}${nodeId}`,
  nextVolumeId: '/cairn/next-volume-id',
  leader: '/cairn/leader',
} as const;

/** The number of the volume whose record has this key. */
export function volumeIdOfKey(key: string): string {
  const id = key.slice(recordPrefixes.volume.length).replace(/^0+/, '');
  if (!decimal.safeParse(id).success) throw corrupt(key, 'it does not name a volume');
  return id;
}

export const storeRecordSchema = z.object({
  schema: z.literal(1),
  /** 16 hexadecimal digits or decimal: the engine's word, compared only. */
  incarnation: z.string().min(1).max(32),
  nodeId: uuid,
  path: z.string().min(1),
  driveClass: z.enum(['nvme', 'ssd', 'hdd', 'file', 'unknown']),
  sizeBytes: z.int().min(0),
  model: z.string().nullable(),
  serial: z.string().nullable(),
  /** The drive is a file that Cairn made, and removes with the store. */
  fileIsOurs: z.boolean(),
  state: z.enum(['in', 'out']),
});
export type StoreRecord = z.infer<typeof storeRecordSchema>;

export const volumeRecordSchema = z.object({
  schema: z.literal(1),
  name: z.string(),
  externalId: uuid.nullable(),
  sizeBytes: z.int().min(4096),
  /** The one store that holds it. */
  storeId: uuid,
  /** Grows at every attach; 24 bits, for it is part of each write's version. */
  volumeEpoch: z
    .int()
    .min(0)
    .max(2 ** 24 - 1),
  /** The node that has it attached. */
  ownerNodeId: uuid.nullable(),
  /** The life of the storage daemon that attached it last: tells our own writes from those of a predecessor. */
  ownerLife: uuid.nullable(),
  readOnly: z.boolean(),
  /** Who may connect to its socket. */
  socketOwner: z.object({ uid: z.int().min(0), gid: z.int().min(0) }).nullable(),
  /** open: it was attached and not detached since, so its last writer may have been cut off. */
  state: z.enum(['clean', 'open']),
});
export type VolumeRecord = z.infer<typeof volumeRecordSchema>;

export const nextVolumeRecordSchema = z.object({ schema: z.literal(1), id: decimal });

export const nodeRecordSchema = z.object({
  schema: z.literal(1),
  name: z.string(),
  version: z.string(),
  startedAt: z.iso.datetime(),
  /** The kernel's: another one means that everything on the node began anew. */
  bootId: uuid,
  /** Of the process that holds the lease. */
  life: uuid,
  /** IP addresses or host names; the storage network's is the management network's where there is no other. */
  addresses: z.object({ management: z.string().min(1), storage: z.string().min(1) }),
  /** host:port of what the node serves to others, by name. */
  services: z.record(z.string().max(32), z.string().max(300)),
});
export type NodeRecord = z.infer<typeof nodeRecordSchema>;

export const leaderRecordSchema = z.object({
  schema: z.literal(1),
  nodeId: uuid,
  /** Of the candidacy: tells our own record from one that an earlier life left behind. */
  life: uuid,
});
export type LeaderRecord = z.infer<typeof leaderRecordSchema>;

/** Reads a value; ClusterError `corrupt` names the key and what is wrong with it. */
export function parseRecord<Schema extends z.ZodType>(
  schema: Schema,
  item: KeyValue,
): z.infer<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(item.value);
  } catch (cause) {
    throw corrupt(item.key, 'it is not JSON', cause);
  }
  const parsed = schema.safeParse(json);
  if (!parsed.success) throw corrupt(item.key, z.prettifyError(parsed.error), parsed.error);
  return parsed.data;
}

export function formatRecord(record: { readonly schema: 1 }): string {
  return JSON.stringify(record);
}

function corrupt(key: string, what: string, cause?: unknown): ClusterError {
  return new ClusterError('corrupt', `the value of ${key} in etcd is damaged: ${what}`, { cause });
}
