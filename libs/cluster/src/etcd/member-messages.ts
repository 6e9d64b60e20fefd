/**
 * etcd's messages about its own members (etcd 3.4 and later).
 *
 *     Cluster/MemberAdd      {1 peerURLs*, 2 isLearner} -> {1 header, 2 member, 3 members*}
 *     Cluster/MemberRemove   {1 ID} · Cluster/MemberPromote {1 ID} · Cluster/MemberUpdate {1 ID, 2 peerURLs*}
 *     Cluster/MemberList     {} -> {1 header {1 cluster_id}, 2 members*}
 *     Member                 {1 ID, 2 name, 3 peerURLs*, 4 clientURLs*, 5 isLearner}
 *     Maintenance/Status     {} -> {1 header {2 member_id}, 2 version, 3 dbSize, 4 leader, 5 raftIndex, 6 raftTerm,
 *                            7 raftAppliedIndex, 8 errors*, 9 dbSizeInUse, 10 isLearner}
 */
import { exactNumber, fieldsOf, ProtobufWriter, type ProtobufField } from './protobuf';

export const memberMethods = {
  add: '/etcdserverpb.Cluster/MemberAdd',
  remove: '/etcdserverpb.Cluster/MemberRemove',
  update: '/etcdserverpb.Cluster/MemberUpdate',
  list: '/etcdserverpb.Cluster/MemberList',
  promote: '/etcdserverpb.Cluster/MemberPromote',
  status: '/etcdserverpb.Maintenance/Status',
} as const;

export interface EtcdMember {
  /** 64 bits as lower-case hexadecimal, as etcd prints it. */
  readonly id: string;
  /** Empty until the member has started for the first time. */
  readonly name: string;
  readonly peerUrls: readonly string[];
  readonly clientUrls: readonly string[];
  readonly isLearner: boolean;
}

export function encodeMemberAdd(peerUrl: string): Buffer {
  return new ProtobufWriter().string(1, peerUrl).bool(2, true).finish();
}

export function encodeMemberId(id: string): Buffer {
  return memberIdWriter(id).finish();
}

export function encodeMemberUpdate(id: string, peerUrls: readonly string[]): Buffer {
  const writer = memberIdWriter(id);
  for (const url of peerUrls) writer.string(2, url);
  return writer.finish();
}

function memberIdWriter(id: string): ProtobufWriter {
  return new ProtobufWriter().int64(1, BigInt(`0x${id}`));
}

export function decodeAddedMember(message: Buffer): EtcdMember {
  for (const field of fieldsOf(message)) {
    if (field.number === 2) return decodeMember(field.bytes);
  }
  return decodeMember(Buffer.alloc(0));
}

export function decodeMembers(message: Buffer): readonly EtcdMember[] {
  const members: EtcdMember[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 2) members.push(decodeMember(field.bytes));
  }
  return members;
}

function decodeMember(message: Buffer): EtcdMember {
  let [id, name] = ['0', ''];
  let isLearner = false;
  const peerUrls: string[] = [];
  const clientUrls: string[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) id = hexadecimal(field);
    if (field.number === 2) name = field.bytes.toString('utf8');
    if (field.number === 3) peerUrls.push(field.bytes.toString('utf8'));
    if (field.number === 4) clientUrls.push(field.bytes.toString('utf8'));
    if (field.number === 5) isLearner = field.integer !== 0n;
  }
  return { id, name, peerUrls, clientUrls, isLearner };
}

export interface MemberStatus {
  /** The member that answered. */
  readonly id: string;
  readonly version: string;
  readonly sizeBytes: number;
  /** "0" while there is none. */
  readonly leaderId: string;
  readonly isLearner: boolean;
  /** Alarms: NOSPACE, CORRUPT. */
  readonly errors: readonly string[];
}

export function decodeStatus(message: Buffer): MemberStatus {
  let [id, version, leaderId] = ['0', '', '0'];
  let sizeBytes = 0;
  let isLearner = false;
  const errors: string[] = [];
  for (const field of fieldsOf(message)) {
    if (field.number === 1) {
      for (const inner of fieldsOf(field.bytes)) if (inner.number === 2) id = hexadecimal(inner);
    }
    if (field.number === 2) version = field.bytes.toString('utf8');
    if (field.number === 3) sizeBytes = exactNumber(field);
    if (field.number === 4) leaderId = hexadecimal(field);
    if (field.number === 8) errors.push(field.bytes.toString('utf8'));
    if (field.number === 10) isLearner = field.integer !== 0n;
  }
  return { id, version, sizeBytes, leaderId, isLearner, errors };
}

function hexadecimal(field: ProtobufField): string {
  return BigInt.asUintN(64, field.integer).toString(16);
}
