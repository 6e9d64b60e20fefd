/**
 * EtcdMembers: the membership of the etcd cluster itself.
 *
 * Lists are fresh: etcd 3.4 answers MemberList from what one member has applied, so a linearizable read on the same member
 * comes first. Every act says `done` also when somebody did it before, and `later` when etcd refuses for now (a learner that
 * has not caught up, a member that connected a moment ago): the caller plans again.
 */
import { ClusterError, type CallOptions } from '../key-value-store';
import type { EtcdChannel } from './etcd-channel';
import { decodeNothing, encodeRange, methods } from './messages';
import {
  decodeAddedMember,
  decodeMembers,
  decodeStatus,
  encodeMemberAdd,
  encodeMemberId,
  encodeMemberUpdate,
  memberMethods,
  type EtcdMember,
  type MemberStatus,
} from './member-messages';

export type MemberActResult =
  { readonly kind: 'done' } | { readonly kind: 'later'; readonly reason: string };

const DONE: MemberActResult = { kind: 'done' };
/** A change of members is two rounds of consensus and may wait for a disk. */
const ACT_TIMEOUT_MS = 2000;

const LATER = [
  'can only promote a learner member which is in sync with leader',
  'too many learner members in cluster',
  'unhealthy cluster',
  're-configuration failed due to not enough started members',
];
const IS_THERE_ALREADY = ['Peer URLs already exists', 'peer urls already exists'];
const IS_GONE = ['member not found', 'can only promote a learner member'];

export class EtcdMembers {
  constructor(private readonly channel: EtcdChannel) {}

  /** All members, as of now. */
  async list(options: CallOptions = {}): Promise<readonly EtcdMember[]> {
    const { result } = await this.channel.attempt(async (member) => {
      await member(methods.range, encodeRange({ key: '/cairn/none' }), decodeNothing);
      return member(memberMethods.list, Buffer.alloc(0), decodeMembers);
    }, options);
    return result;
  }

  /** What the member that answers says of itself. */
  async status(options: CallOptions = {}): Promise<MemberStatus> {
    const { result } = await this.channel.call(
      memberMethods.status,
      Buffer.alloc(0),
      decodeStatus,
      options,
    );
    return result;
  }

  async addLearner(peerUrl: string): Promise<MemberActResult> {
    return this.act(memberMethods.add, encodeMemberAdd(peerUrl), IS_THERE_ALREADY);
  }

  async promote(id: string): Promise<MemberActResult> {
    return this.act(memberMethods.promote, encodeMemberId(id), IS_GONE);
  }

  async remove(id: string): Promise<MemberActResult> {
    return this.act(memberMethods.remove, encodeMemberId(id), IS_GONE);
  }

  async updatePeerUrl(id: string, peerUrl: string): Promise<MemberActResult> {
    return this.act(memberMethods.update, encodeMemberUpdate(id, [peerUrl]), IS_GONE);
  }

  private async act(
    method: string,
    request: Buffer,
    doneAlready: readonly string[],
  ): Promise<MemberActResult> {
    try {
      await this.channel.once((member) => member(method, request, decodeAddedMember), {
        timeoutMs: ACT_TIMEOUT_MS,
      });
      return DONE;
    } catch (error) {
      if (!(error instanceof ClusterError) || error.kind === 'cancelled') throw error;
      const says = (texts: readonly string[]): boolean =>
        texts.some((text) => error.message.includes(text));
      if (says(LATER) || error.kind === 'unavailable') {
        return { kind: 'later', reason: error.message };
      }
      if (says(doneAlready)) return DONE;
      throw error;
    }
  }
}

/** host:port of every member that answers reads and writes: learners do not, and the unstarted have no address. */
export function endpointsOf(members: readonly EtcdMember[]): readonly string[] {
  return members
    .filter(({ isLearner }) => !isLearner)
    .flatMap(({ clientUrls }) => clientUrls)
    .map((url) => new URL(url).host);
}
