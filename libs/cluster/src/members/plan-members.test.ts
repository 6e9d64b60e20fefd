import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EtcdMember } from '../etcd/member-messages';
import {
  applyStep,
  planMembers,
  type MemberFacts,
  type MemberNode,
  type NodePresence,
} from './plan-members';

const node = (id: string, change: Partial<MemberNode> = {}): MemberNode => ({
  id,
  peerUrl: `https://${id}:2380`,
  failureDomain: id,
  presence: 'alive',
  leaving: false,
  ...change,
});
const member = (name: string, isLearner = false): EtcdMember => ({
  id: `m-${name}`,
  name,
  peerUrls: [`https://${name}:2380`],
  clientUrls: [],
  isLearner,
});
const members = (names: string): EtcdMember[] => [...names.split('')].map((name) => member(name));
const nodes = (names: string, change: Record<string, Partial<MemberNode>> = {}): MemberNode[] =>
  [...names.split('')].map((name) => node(name, change[name]));

/** Steps as words: "+b" add, "!b" start, "^b" promote, "-b" remove, "@b" move. */
const wordsOf = (facts: MemberFacts): string =>
  planMembers(facts)
    .steps.map((step) => {
      const signs = {
        'add-learner': '+',
        start: '!',
        promote: '^',
        remove: '-',
        'update-peer-url': '@',
      };
      return signs[step.kind] + (step.nodeId ?? '?');
    })
    .join(' ');

describe('planMembers', () => {
  it.each<[string, MemberFacts, string]>([
    ['one node', { nodes: nodes('a'), members: members('a') }, ''],
    ['a second node', { nodes: nodes('ab'), members: members('a') }, '+b !b'],
    [
      'a third node',
      { nodes: nodes('abc'), members: [member('a'), member('b', true)] },
      '^b +c !c ^c',
    ],
    ['three nodes at once', { nodes: nodes('abc'), members: members('a') }, '+b !b ^b +c !c ^c'],
    ['four to six nodes', { nodes: nodes('abcdef'), members: members('abc') }, ''],
    ['seven nodes', { nodes: nodes('abcdefg'), members: members('abc') }, '+d !d ^d +e !e ^e'],
    [
      'a third node that is away',
      {
        nodes: nodes('abc', { c: { presence: 'away' } }),
        members: [member('a'), member('b', true)],
      },
      '',
    ],
    [
      'a third node that died before it could vote',
      { nodes: nodes('abc', { c: { presence: 'dead' } }), members: members('ab'), leaderId: 'm-b' },
      '-a +a !a',
    ],
    [
      'the only node that leaves, with a successor',
      { nodes: nodes('ab', { a: { leaving: true } }), members: members('a') },
      '+b !b ^b -a',
    ],
    [
      'a dead voter without a spare node',
      { nodes: nodes('abc', { c: { presence: 'dead' } }), members: members('abc') },
      '',
    ],
    [
      'a dead voter with a spare node',
      { nodes: nodes('abcd', { b: { presence: 'dead' } }), members: members('abc') },
      '-b +d !d ^d',
    ],
    [
      'a voter that is away, with a spare node',
      { nodes: nodes('abcd', { b: { presence: 'away' } }), members: members('abc') },
      '',
    ],
    [
      'a dead voter whose spare node is away',
      {
        nodes: nodes('abcd', { b: { presence: 'dead' }, d: { presence: 'away' } }),
        members: members('abc'),
      },
      '',
    ],
    [
      'a voter that leaves, with a spare node',
      { nodes: nodes('abcd', { b: { leaving: true } }), members: members('abc') },
      '+d !d ^d -b',
    ],
    [
      'a third node that leaves',
      {
        nodes: nodes('abc', { c: { leaving: true } }),
        members: members('abc'),
        leaderId: 'm-b',
      },
      '-c -a +a !a',
    ],
    [
      'a node that leaves while another is dead',
      {
        nodes: nodes('abc', { b: { presence: 'dead' }, c: { leaving: true } }),
        members: members('abc'),
      },
      '-b -c',
    ],
    [
      'a member of nobody',
      { nodes: nodes('abc'), members: [...members('ab'), member('x')] },
      '-x +c !c ^c'.replace('x', '?'),
    ],
    [
      'a learner that is not needed',
      { nodes: nodes('abcd'), members: [...members('abc'), member('d', true)] },
      '-d',
    ],
    [
      'a member that was added and never started',
      { nodes: nodes('ab'), members: [member('a'), { ...member('b', true), name: '' }] },
      '!b',
    ],
    [
      'a node at a new address',
      { nodes: nodes('abc', { b: { peerUrl: 'https://new:2380' } }), members: members('abc') },
      '@b',
    ],
    [
      'voters in one rack and nodes in others',
      {
        nodes: nodes('abcde', {
          ...{ a: { failureDomain: '1' }, b: { failureDomain: '1' }, c: { failureDomain: '1' } },
          ...{ d: { failureDomain: '2' }, e: { failureDomain: '3' } },
        }),
        members: members('abc'),
        leaderId: 'm-a',
      },
      '+d !d ^d +e !e ^e -b -c',
    ],
    [
      'no majority',
      {
        nodes: nodes('abcd', { a: { presence: 'dead' }, b: { presence: 'away' } }),
        members: members('abc'),
      },
      '',
    ],
  ])('%s', (_, facts, words) => {
    expect(wordsOf(facts)).toBe(words);
  });

  it('says why it does nothing', () => {
    const dead = { b: { presence: 'dead' as const }, c: { presence: 'dead' as const } };
    expect(planMembers({ nodes: nodes('abc', dead), members: members('abc') }).notes).toEqual([
      expect.stringContaining('majority'),
    ]);
    const learning = [member('a'), member('b', true)];
    const away = nodes('abc', { c: { presence: 'away' } });
    expect(planMembers({ nodes: away, members: learning }).notes).toEqual([
      expect.stringContaining('third node'),
    ]);
  });
});

describe('any plan', () => {
  const presence = fc.constantFrom<NodePresence>('alive', 'alive', 'alive', 'away', 'dead');
  /** Any nodes, and any members that a history could have left. */
  const anyFacts = fc
    .array(
      fc.record({
        presence,
        domain: fc.integer({ min: 0, max: 3 }),
        leaving: fc.constantFrom(false, false, false, false, true),
        role: fc.constantFrom('voter', 'voter', 'none', 'none'),
      }),
      { minLength: 1, maxLength: 9 },
    )
    .chain((all) =>
      fc.record({
        all: fc.constant(all),
        learner: fc.option(fc.integer({ min: 0, max: all.length - 1 })),
        stranger: fc.constantFrom(false, false, false, true),
        leader: fc.integer({ min: 0, max: all.length - 1 }),
      }),
    )
    .map(({ all, learner, stranger, leader }): MemberFacts => {
      const made = all.map((each, at) =>
        node(`n${at}`, { ...each, failureDomain: String(each.domain) }),
      );
      const voters = all.flatMap(({ role }, at) => (role === 'voter' ? [member(`n${at}`)] : []));
      const learns = learner !== null && all[learner]?.role === 'none';
      const more = learns ? [member(`n${learner}`, true)] : [];
      const strange = stranger ? [member('stranger')] : [];
      return { nodes: made, members: [...voters, ...more, ...strange], leaderId: `m-n${leader}` };
    })
    .filter((facts) => facts.members.some(({ isLearner }) => !isLearner));

  const isAlive = (facts: MemberFacts, name: string): boolean =>
    facts.nodes.some(({ id, presence: here }) => id === name && here === 'alive');
  const votersOf = (all: readonly EtcdMember[]): EtcdMember[] =>
    all.filter(({ isLearner }) => !isLearner);

  it('keeps a living majority and at most one learner at every step, and ends', () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        let { members: now } = facts;
        const alive = (): number => votersOf(now).filter(({ name }) => isAlive(facts, name)).length;
        const had = alive() * 2 > votersOf(now).length;
        const { steps } = planMembers(facts);
        if (!had) expect(steps).toEqual([]);
        expect(steps.length).toBeLessThan(64);
        for (const step of steps) {
          const learners = now.filter(({ isLearner }) => isLearner).length;
          if (step.kind === 'add-learner') {
            expect(learners).toBe(0);
            expect(votersOf(now).every(({ name }) => isAlive(facts, name))).toBe(true);
          }
          now = applyStep(now, step);
          expect(votersOf(now).length).toBeGreaterThan(0);
          expect(alive() * 2).toBeGreaterThan(votersOf(now).length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('has nothing more to do when it is done, whoever leads then', () => {
    fc.assert(
      fc.property(anyFacts, fc.nat(), (facts, any) => {
        const after = planMembers(facts).steps.reduce(applyStep, facts.members);
        const voters = votersOf(after);
        const leaderId = voters[any % voters.length]?.id ?? '';
        const again = planMembers({ ...facts, members: after, leaderId });
        expect(again.steps).toEqual([]);
      }),
      { numRuns: 3000 },
    );
  });

  it('ends with 1, 3 or 5 voters in as many failure domains as there are, when all nodes live', () => {
    const healthy = anyFacts.map((facts): MemberFacts => ({
      ...facts,
      nodes: facts.nodes.map((each) => ({ ...each, presence: 'alive' })),
      members: facts.members.filter(({ name }) => name !== 'stranger'),
    }));
    fc.assert(
      fc.property(healthy, (facts) => {
        const staying = facts.nodes.filter(({ leaving }) => !leaving);
        fc.pre(staying.length > 0 && votersOf(facts.members).length > 0);
        const after = planMembers(facts).steps.reduce(applyStep, facts.members);
        const voters = votersOf(after).map(({ name }) => name);
        const count = staying.length >= 7 ? 5 : staying.length >= 3 ? 3 : 1;
        expect(voters).toHaveLength(count);
        expect(after).toHaveLength(staying.length === 2 ? 2 : count);
        const domains = new Set(
          staying.filter(({ id }) => voters.includes(id)).map((each) => each.failureDomain),
        );
        const possible = new Set(staying.map((each) => each.failureDomain)).size;
        expect(domains.size).toBe(Math.min(count, possible));
      }),
      { numRuns: 3000 },
    );
  });
});
