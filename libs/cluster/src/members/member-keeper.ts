/**
 * MemberKeeper: brings etcd's members to what `planMembers` wants, one step a turn.
 *
 * Every turn plans from what is true then, takes the first step and reports; the caller decides when the next turn is and
 * writes the task. A crash between turns, or a lost answer, costs nothing: the next plan begins where things stand. Changes
 * of members can't be compared with a fence, so only the elected leader calls this, and never after its signal; what a
 * paused leader might still send is bounded by etcd itself, which refuses a removal that would cost the living majority.
 */
import type { EtcdMembers } from '../etcd/etcd-members';
import type { EtcdMember } from '../etcd/member-messages';
import type { CallOptions } from '../key-value-store';
import { planMembers, type MemberNode, type MemberPlan, type MemberStep } from './plan-members';

export type MemberTurn =
  /** Nothing to do, or nothing that can be done now: the plan's notes say which. */
  | { readonly kind: 'settled'; readonly plan: MemberPlan }
  | { readonly kind: 'acted'; readonly step: MemberStep; readonly plan: MemberPlan }
  /** etcd, or the node that has to start its member, is not ready. */
  | {
      readonly kind: 'waiting';
      readonly step: MemberStep;
      readonly reason: string;
      readonly plan: MemberPlan;
    };

export class MemberKeeper {
  constructor(private readonly members: EtcdMembers) {}

  /** What would be done, for a dry run. Throws ClusterError. */
  async plan(nodes: readonly MemberNode[], options: CallOptions = {}): Promise<MemberPlan> {
    const members = await this.members.list(options);
    const { leaderId } = await this.members.status(options);
    return planMembers({ nodes, members, leaderId });
  }

  /** Throws ClusterError when etcd does not answer, or refuses for good. */
  async turn(nodes: readonly MemberNode[], options: CallOptions = {}): Promise<MemberTurn> {
    const plan = await this.plan(nodes, options);
    const [step] = plan.steps;
    if (step === undefined) return { kind: 'settled', plan };
    if (step.kind === 'start') {
      return { kind: 'waiting', step, reason: 'its node has not started its member yet', plan };
    }
    const result = await this.act(step);
    if (result.kind === 'later') return { kind: 'waiting', step, reason: result.reason, plan };
    return { kind: 'acted', step, plan };
  }

  private act(step: Exclude<MemberStep, { kind: 'start' }>): ReturnType<EtcdMembers['promote']> {
    switch (step.kind) {
      case 'update-peer-url':
        return this.members.updatePeerUrl(step.memberId, step.peerUrl);
      case 'add-learner':
        return this.members.addLearner(step.peerUrl);
      case 'promote':
        return this.members.promote(step.memberId);
      case 'remove':
        return this.members.remove(step.memberId);
    }
  }
}

export type OwnMember =
  /** This node carries no etcd: a member process that still runs is stopped, and its data removed. */
  | { readonly kind: 'none' }
  /** It was added and has to be started for the first time, with empty data. */
  | {
      readonly kind: 'start';
      readonly memberId: string;
      readonly initialCluster: readonly { readonly name: string; readonly peerUrl: string }[];
    }
  /** It is a member and runs, or is started again with the data that it has. */
  | { readonly kind: 'member'; readonly memberId: string; readonly isLearner: boolean };

/**
 * What the list of members means for one node. Its data belong to one member id: keep them in a directory of that name, so
 * that a node which was removed and added again begins with empty data, as etcd demands.
 */
export function ownMember(
  members: readonly EtcdMember[],
  self: { readonly nodeId: string; readonly peerUrl: string },
): OwnMember {
  const { nodeId, peerUrl } = self;
  const own = members.find(
    ({ name, peerUrls }) => name === nodeId || (name === '' && peerUrls.includes(peerUrl)),
  );
  if (own === undefined) return { kind: 'none' };
  const { id: memberId, isLearner } = own;
  if (own.name !== '') return { kind: 'member', memberId, isLearner };
  const initialCluster = members.flatMap((member) =>
    member.peerUrls.map((url) => ({
      name: member === own ? nodeId : member.name,
      peerUrl: url,
    })),
  );
  return { kind: 'start', memberId, initialCluster };
}
