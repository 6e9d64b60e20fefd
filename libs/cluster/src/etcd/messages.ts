/**
 * etcd's v3 messages, as much of them as Cairn speaks (etcd 3.4 and later).
 *
 *     KV/Range            RangeRequest   {1 key, 2 range_end, 3 limit, 4 revision, 7 serializable, 8 keys_only}
 *                         RangeResponse  {1 header, 2 kvs*, 3 more, 4 count}
 *     KV/Txn              TxnRequest     {1 compare*, 2 success*, 3 failure*}
 *                         Compare        {1 result (0 equal), 2 target (2 mod_revision), 3 key, 6 mod_revision}
 *                         RequestOp      {1 range | 2 put | 3 delete_range}
 *                         PutRequest     {1 key, 2 value, 3 lease} · DeleteRangeRequest {1 key, 2 range_end}
 *                         TxnResponse    {1 header, 2 succeeded, 3 responses* {1 range | 2 put | 3 delete_range}}
 *     Lease/LeaseGrant    {1 TTL, 2 ID} -> {1 header, 2 ID, 3 TTL, 4 error} · Lease/LeaseRevoke {1 ID}
 *     Lease/LeaseKeepAlive stream {1 ID} -> {1 header, 2 ID, 3 TTL (0: the lease is gone)}
 *     Watch/Watch         stream {1 create {1 key, 2 range_end, 3 start_revision, 4 progress_notify, 8 fragment} | 3 progress {}}
 *                         -> {1 header, 3 created, 4 canceled, 5 compact_revision, 6 cancel_reason, 7 fragment (more of the
 *                         same revisions follow), 11 events*}
 *                         Event {1 type (0 put, 1 delete), 2 kv}
 *     ResponseHeader      {3 revision} · KeyValue {1 key, 2 create_revision, 3 mod_revision, 5 value, 6 lease}
 */
import type { Comparison, KeyValue, Operation, WatchEvent } from '../key-value-store';
import { exactNumber, fieldsOf, ProtobufWriter, signed } from './protobuf';

export const methods = {
  range: '/etcdserverpb.KV/Range',
  txn: '/etcdserverpb.KV/Txn',
  leaseGrant: '/etcdserverpb.Lease/LeaseGrant',
  leaseRevoke: '/etcdserverpb.Lease/LeaseRevoke',
  leaseKeepAlive: '/etcdserverpb.Lease/LeaseKeepAlive',
  watch: '/etcdserverpb.Watch/Watch',
} as const;

const COMPARE_EQUAL = 0;
const TARGET_MOD_REVISION = 2;
const EVENT_DELETE = 1;

/** The first key after all keys that begin with `prefix`. Keys are ASCII. */
export function endOfPrefix(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

export interface RangeRequest {
  readonly key: string;
  /** Exclusive; absent for the one key. */
  readonly end?: string;
  readonly limit?: number;
  /** Reads the past, so that all pages of a list show one moment. */
  readonly revision?: number;
}

function rangeWriter(request: RangeRequest): ProtobufWriter {
  return new ProtobufWriter()
    .string(1, request.key)
    .string(2, request.end ?? '')
    .int64(3, request.limit ?? 0)
    .int64(4, request.revision ?? 0);
}

export function encodeRange(request: RangeRequest): Buffer {
  return rangeWriter(request).finish();
}

export interface RangeResponse {
  readonly revision: number;
  readonly items: readonly KeyValue[];
  readonly more: boolean;
}

export function decodeRange(message: Buffer): RangeResponse {
  let revision = 0;
  let more = false;
  const items: KeyValue[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = decodeHeader(field.bytes);
    if (field.number === 2) items.push(decodeKeyValue(field.bytes));
    if (field.number === 3) more = field.integer !== 0n;
  }
  return { revision, items, more };
}

export function decodeHeader(message: Buffer): number {
  let revision = 0;
  for (const field of fieldsOf(message)) if (field.number === 3) revision = exactNumber(field);
  return revision;
}

function decodeKeyValue(message: Buffer): KeyValue {
  let key = '';
  let bytes: Buffer = Buffer.alloc(0);
  let [createRevision, modRevision] = [0, 0];
  let lease = 0n;
  for (const field of fieldsOf(message)) {
    if (field.number === 1) key = field.bytes.toString('utf8');
    if (field.number === 2) createRevision = exactNumber(field);
    if (field.number === 3) modRevision = exactNumber(field);
    if (field.number === 5) bytes = field.bytes;
    if (field.number === 6) lease = signed(field);
  }
  return { key, value: bytes.toString('utf8'), bytes, createRevision, modRevision, lease };
}

export interface TxnRequest {
  readonly compare: readonly Comparison[];
  readonly then: readonly Operation[];
  /** Keys whose values come back if a comparison fails. */
  readonly elseRead: readonly string[];
}

export function encodeTxn(request: TxnRequest): Buffer {
  const writer = new ProtobufWriter();
  for (const comparison of request.compare) {
    writer.message(
      1,
      new ProtobufWriter()
        .int64(1, COMPARE_EQUAL)
        .int64(2, TARGET_MOD_REVISION)
        .string(3, comparison.key)
        .int64(6, comparison.modRevision, { evenZero: true }),
    );
  }
  for (const operation of request.then) writer.message(2, operationWriter(operation));
  for (const key of request.elseRead) {
    writer.message(3, new ProtobufWriter().message(1, rangeWriter({ key })));
  }
  return writer.finish();
}

/** A value as it is stored. */
export function valueBytes(value: string | Buffer): Buffer {
  return typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
}

function operationWriter(operation: Operation): ProtobufWriter {
  switch (operation.kind) {
    case 'put': {
      const put = new ProtobufWriter()
        .string(1, operation.key)
        .bytes(2, valueBytes(operation.value));
      return new ProtobufWriter().message(2, put.int64(3, operation.lease ?? 0n));
    }
    case 'delete':
      return new ProtobufWriter().message(3, new ProtobufWriter().string(1, operation.key));
  }
}

export interface TxnResponse {
  readonly revision: number;
  readonly succeeded: boolean;
  /** Of `elseRead`, those that exist, when a comparison failed. */
  readonly found: readonly KeyValue[];
}

export function decodeTxn(message: Buffer): TxnResponse {
  let revision = 0;
  let succeeded = false;
  const found: KeyValue[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = decodeHeader(field.bytes);
    if (field.number === 2) succeeded = field.integer !== 0n;
    if (field.number !== 3) continue;
    for (const response of fieldsOf(field.bytes)) {
      if (response.number === 1) found.push(...decodeRange(response.bytes).items);
    }
  }
  return { revision, succeeded, found };
}

export function encodeLeaseGrant(ttlSeconds: number): Buffer {
  return new ProtobufWriter().int64(1, ttlSeconds).finish();
}

/** LeaseKeepAlive and LeaseRevoke name the lease in the same place. */
export function encodeLeaseId(lease: bigint): Buffer {
  return new ProtobufWriter().int64(1, lease).finish();
}

export interface LeaseResponse {
  readonly lease: bigint;
  readonly ttlSeconds: number;
}

export function decodeLease(message: Buffer): LeaseResponse {
  let lease = 0n;
  let ttlSeconds = 0;
  for (const field of fieldsOf(message)) {
    if (field.number === 2) lease = signed(field);
    if (field.number === 3) ttlSeconds = exactNumber(field);
  }
  return { lease, ttlSeconds };
}

export function encodeWatch(request: {
  readonly key: string;
  readonly end: string;
  readonly startRevision: number;
}): Buffer {
  const create = new ProtobufWriter()
    .string(1, request.key)
    .string(2, request.end)
    .int64(3, request.startRevision)
    .bool(8, true);
  return new ProtobufWriter().message(1, create).finish();
}

/** Asks a watch stream for a sign of life. */
export function encodeProgressRequest(): Buffer {
  return new ProtobufWriter().message(3, new ProtobufWriter()).finish();
}

export interface WatchResponse {
  readonly revision: number;
  readonly canceled: boolean;
  /** The oldest revision that can still be watched, when the asked one cannot. */
  readonly compactRevision: number;
  readonly cancelReason: string;
  /** The rest of these events comes in the next response. */
  readonly fragment: boolean;
  readonly events: readonly WatchEvent[];
}

export function decodeWatch(message: Buffer): WatchResponse {
  let [revision, compactRevision] = [0, 0];
  let [canceled, fragment] = [false, false];
  let cancelReason = '';
  const events: WatchEvent[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) revision = decodeHeader(field.bytes);
    if (field.number === 4) canceled = field.integer !== 0n;
    if (field.number === 5) compactRevision = exactNumber(field);
    if (field.number === 6) cancelReason = field.bytes.toString('utf8');
    if (field.number === 7) fragment = field.integer !== 0n;
    if (field.number === 11) events.push(decodeEvent(field.bytes));
  }
  return { revision, canceled, compactRevision, cancelReason, fragment, events };
}

function decodeEvent(message: Buffer): WatchEvent {
  let type = 0;
  let item = decodeKeyValue(Buffer.alloc(0));
  for (const field of fieldsOf(message)) {
    if (field.number === 1) type = exactNumber(field);
    if (field.number === 2) item = decodeKeyValue(field.bytes);
  }
  return type === EVENT_DELETE
    ? { kind: 'delete', key: item.key, revision: item.modRevision }
    : { kind: 'put', item };
}

/** Any message that only has to arrive. */
export function decodeNothing(message: Buffer): number {
  return message.length;
}
