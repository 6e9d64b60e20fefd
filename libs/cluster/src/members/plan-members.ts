/**
 * planMembers: which nodes should carry etcd, and the steps from here to there.
 *
 *     nodes    voters                     rules
 *     1        1                          - a new member begins as a learner, which costs no quorum, and etcd 3.4 takes one
 *     2        1, the second learns         learner at a time
 *     3 to 6   3                          - a voter is removed only if those that live are a majority of those that remain
 *     7 on     5                          - two voters are only passed through: no first promotion without a third node
 *                                         - voters stand in as many failure domains as there are
 *                                         - a dead voter is removed when a spare node lives, and then replaced: etcd adds
 *                                           no member while a voter is away
 *                                         - a living voter that has to go is replaced first and removed then
 *
 * Pure. The steps are a forecast in which each succeeds; whoever acts takes the first one and plans again.
 */
import type { EtcdMember } from '../etcd/member-messages';

/**
 * alive: its lease stands. away: not for long, nothing is decided about it. dead: for so long that its seat is given away.
 */
export type NodePresence = 'alive' | 'away' | 'dead';

export interface MemberNode {
  /** Also the name of its member. */
  readonly id: string;
  readonly peerUrl: string;
  /** Nodes of the same domain fail together: a rack, a chassis, a site. */
  readonly failureDomain: string;
  readonly presence: NodePresence;
  /** It is to leave the cluster, and stays in this list until its member is gone. */
  readonly leaving: boolean;
}

export type MemberStep =
  /** Its node moved to another address. */
  | {
      readonly kind: 'update-peer-url';
      readonly nodeId: string;
      readonly memberId: string;
      readonly peerUrl: string;
    }
  | { readonly kind: 'add-learner'; readonly nodeId: string; readonly peerUrl: string }
  /** The node starts the member that was added for it. */
  | { readonly kind: 'start'; readonly nodeId: string; readonly memberId: string }
  /** As soon as it has caught up. */
  | { readonly kind: 'promote'; readonly nodeId: string; readonly memberId: string }
  | {
      readonly kind: 'remove';
      readonly nodeId: string | null;
      readonly memberId: string;
      readonly reason: RemovalReason;
    };

export type RemovalReason = 'left' | 'dead' | 'surplus';

export interface MemberPlan {
  /** Empty: nothing is to be done, or nothing can be done now. */
  readonly steps: readonly MemberStep[];
  /** The nodes that vote when the steps are done. */
  readonly voters: readonly string[];
  /** Why not more is done; for people. */
  readonly notes: readonly string[];
}

export interface MemberFacts {
  /** All nodes of the cluster. A member that has none here is taken for dead. */
  readonly nodes: readonly MemberNode[];
  readonly members: readonly EtcdMember[];
  /** The member that leads etcd; it goes last. */
  readonly leaderId?: string;
}

const STEPS_MAX = 64;

export function planMembers(facts: MemberFacts): MemberPlan {
  const steps: MemberStep[] = [];
  let { members } = facts;
  for (;;) {
    const situation = situationOf({ ...facts, members });
    const next = nextStep(situation);
    if (next.kind === 'none' || steps.length === STEPS_MAX) {
      const voters = situation.seats.map(({ id }) => id);
      return { steps, voters, notes: next.kind === 'none' ? next.notes : [] };
    }
    steps.push(next.step);
    members = applyStep(members, next.step);
  }
}

type Next =
  | { readonly kind: 'step'; readonly step: MemberStep }
  | { readonly kind: 'none'; readonly notes: readonly string[] };

interface Placed {
  readonly member: EtcdMember;
  /** Null: its node is no longer of the cluster. */
  readonly node: MemberNode | null;
}

interface Situation {
  readonly nodes: readonly MemberNode[];
  readonly voters: readonly Placed[];
  readonly learners: readonly Placed[];
  readonly leaderId: string | undefined;
  /** The nodes that should vote. */
  readonly seats: readonly MemberNode[];
}

function situationOf({ nodes, members, leaderId }: MemberFacts): Situation {
  const placed = members.map((member) => ({ member, node: nodeOf(member, nodes) }));
  const voters = placed.filter(({ member }) => !member.isLearner);
  const learners = placed.filter(({ member }) => member.isLearner);
  const seats = chooseSeats({ nodes, voters, learners, leaderId });
  return { nodes, voters, learners, leaderId, seats };
}

/** A member that never started has no name yet; its address tells. */
function nodeOf(member: EtcdMember, nodes: readonly MemberNode[]): MemberNode | null {
  const named = nodes.find(({ id }) => id === member.name);
  if (named !== undefined || member.name !== '') return named ?? null;
  return nodes.find(({ peerUrl }) => member.peerUrls.includes(peerUrl)) ?? null;
}

function chooseSeats(situation: Omit<Situation, 'seats'>): readonly MemberNode[] {
  const staying = situation.nodes.filter(({ leaving }) => !leaving);
  const voting = votingIn(situation.voters);
  // A dead node keeps a seat that it has if nobody can take it, and gets no new one.
  const candidates = staying.filter((node) => node.presence !== 'dead' || voting(node));
  const wanted = staying.length >= 7 ? 5 : staying.length >= 3 ? 3 : 1;
  const count = [5, 3, 1].find((each) => each <= wanted && each <= candidates.length) ?? 0;
  const seats: MemberNode[] = [];
  while (seats.length < count) {
    const orderOf = (node: MemberNode): readonly number[] => [
      trustIn(node, voting(node)),
      seats.filter(({ failureDomain }) => failureDomain === node.failureDomain).length,
      rankOf(node, situation),
      Number(node.presence !== 'alive'),
    ];
    const [best] = candidates
      .filter((node) => !seats.includes(node))
      .sort((a, b) => compareAll(orderOf(a), orderOf(b)) || (a.id < b.id ? -1 : 1));
    if (best === undefined) break;
    seats.push(best);
  }
  return seats;
}

/** Whether the node can be counted on to hold a seat, the best first. */
function trustIn({ presence }: MemberNode, voting: boolean): number {
  if (presence === 'alive' || (presence === 'away' && voting)) return 0;
  // Replacing a dead voter by somebody who is not there would only lose its seat.
  return voting ? 1 : 2;
}

/** Who has less to move comes first. */
function rankOf(
  node: MemberNode,
  { voters, learners, leaderId }: Omit<Situation, 'seats'>,
): number {
  const leads = voters.some((each) => each.node === node && each.member.id === leaderId);
  if (leads && node.presence === 'alive') return 0;
  if (voters.some((each) => each.node === node)) return 1;
  return learners.some((each) => each.node === node) ? 2 : 3;
}

function compareAll(a: readonly number[], b: readonly number[]): number {
  for (const [at, value] of a.entries()) {
    const difference = value - (b[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function votingIn(voters: readonly Placed[]): (node: MemberNode) => boolean {
  return (node) => voters.some((each) => each.node === node);
}

function nextStep(situation: Situation): Next {
  const { voters, nodes } = situation;
  if (!isMajority(voters.filter(isAlive).length, voters.length)) {
    return none('fewer than a majority of etcd’s voters live: nothing can be changed');
  }
  if (nodes.every(({ leaving }) => leaving)) return none('no node would be left');
  return (
    moveAddress(situation) ??
    removeLearner(situation) ??
    removeDeadVoter(situation) ??
    grow(situation) ??
    removeLivingVoter(situation) ??
    none(...remarks(situation))
  );
}

function remarks({ voters }: Situation): readonly string[] {
  const even = voters.length % 2 === 0;
  return even ? [`etcd has ${voters.length} voters until another node can join them`] : [];
}

function none(...notes: readonly string[]): Next {
  return { kind: 'none', notes };
}

function moveAddress({ voters, learners }: Situation): Next | null {
  for (const { member, node } of [...voters, ...learners]) {
    if (node === null || member.name === '' || member.peerUrls.includes(node.peerUrl)) continue;
    const { id: nodeId, peerUrl } = node;
    return step({ kind: 'update-peer-url', nodeId, memberId: member.id, peerUrl });
  }
  return null;
}

/** The node that should learn now: the next voter, or the second node beside a single voter. */
function learnerWanted({ seats, voters, learners, nodes }: Situation): MemberNode | null {
  const voting = votingIn(voters);
  const possible = nodes.filter(
    (node) => !voting(node) && !node.leaving && node.presence !== 'dead',
  );
  const open = possible.filter((node) => seats.includes(node));
  // Beside the one voter that should be, once it is the only one.
  const beside = seats.length === 1 && voters.length === 1 && open.length === 0;
  const choice = beside ? possible : open;
  const learns = (node: MemberNode): boolean => learners.some((each) => each.node === node);
  return choice.find(learns) ?? choice.find(({ presence }) => presence === 'alive') ?? null;
}

function removeLearner(situation: Situation): Next | null {
  const wanted = learnerWanted(situation);
  const surplus = situation.learners.find(({ node }) => node === null || node !== wanted);
  return surplus === undefined ? null : step(removal(surplus, 'surplus'));
}

function removeDeadVoter(situation: Situation): Next | null {
  const { voters, seats } = situation;
  const gone = voters.find(
    (each) => !isAlive(each) && isUnseated(each, seats) && staysMajority(each, voters),
  );
  if (gone === undefined) return null;
  return step(removal(gone, gone.node?.presence === 'dead' ? 'dead' : 'surplus'));
}

function grow(situation: Situation): Next | null {
  const { voters, learners } = situation;
  const node = learnerWanted(situation);
  if (node === null) return null;
  const learner = learners.find((each) => each.node === node);
  if (learner === undefined) {
    if (!voters.every(isAlive)) {
      return none('etcd adds no member while one of its voters is away');
    }
    return step({ kind: 'add-learner', nodeId: node.id, peerUrl: node.peerUrl });
  }
  const { id: memberId, name } = learner.member;
  if (name === '') return step({ kind: 'start', nodeId: node.id, memberId });
  if (!situation.seats.includes(node)) return null;
  if (node.presence !== 'alive') return none(`node ${node.id} is away and cannot be promoted`);
  if (!mayPromote(situation)) {
    return none('a second voter is not made until a third node is there to follow');
  }
  return step({ kind: 'promote', nodeId: node.id, memberId });
}

/** Two voters are passed through only towards three, or when the one hands over to the other. */
function mayPromote({ voters, seats }: Situation): boolean {
  const after = voters.length + 1;
  if (!isMajority(voters.filter(isAlive).length + 1, after)) return false;
  const third = seats.filter(({ presence }) => presence === 'alive').length >= 3;
  return after !== 2 || third || voters.some((each) => isUnseated(each, seats));
}

/** Only when every seat that can be filled is filled. */
function removeLivingVoter({ voters, seats, leaderId }: Situation): Next | null {
  const orderOf = ({ member, node }: Placed): readonly number[] => [
    Number(member.id === leaderId),
    Number(node?.leaving !== true),
  ];
  const [first] = voters
    .filter((each) => isUnseated(each, seats) && staysMajority(each, voters))
    .sort((a, b) => compareAll(orderOf(a), orderOf(b)));
  return first === undefined ? null : step(removal(first, 'surplus'));
}

function removal({ member, node }: Placed, reason: RemovalReason): MemberStep {
  const [nodeId, memberId] = [node?.id ?? null, member.id];
  const left = node === null || node.leaving;
  return { kind: 'remove', nodeId, memberId, reason: left ? 'left' : reason };
}

function isUnseated({ node }: Placed, seats: readonly MemberNode[]): boolean {
  return node === null || !seats.includes(node);
}

function isAlive({ node }: Placed): boolean {
  return node?.presence === 'alive';
}

function staysMajority(gone: Placed, voters: readonly Placed[]): boolean {
  const rest = voters.filter((each) => each !== gone);
  return rest.length > 0 && isMajority(rest.filter(isAlive).length, rest.length);
}

function isMajority(count: number, of: number): boolean {
  return count > of / 2;
}

function step(planned: MemberStep): Next {
  return { kind: 'step', step: planned };
}

/** The members after a step that succeeded. */
export function applyStep(
  members: readonly EtcdMember[],
  planned: MemberStep,
): readonly EtcdMember[] {
  const changed = (id: string, change: Partial<EtcdMember>): readonly EtcdMember[] =>
    members.map((member) => (member.id === id ? { ...member, ...change } : member));
  switch (planned.kind) {
    case 'update-peer-url':
      return changed(planned.memberId, { peerUrls: [planned.peerUrl] });
    case 'add-learner': {
      const { nodeId, peerUrl } = planned;
      const id = `of ${nodeId}`;
      return [...members, { id, name: '', peerUrls: [peerUrl], clientUrls: [], isLearner: true }];
    }
    case 'start':
      return changed(planned.memberId, { name: planned.nodeId });
    case 'promote':
      return changed(planned.memberId, { isLearner: false });
    case 'remove':
      return members.filter(({ id }) => id !== planned.memberId);
  }
}
