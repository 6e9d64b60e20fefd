/**
 * The steps that change a record of a placement group. Each is one compare-and-swap of that record;
 * repeated after it was done it is refused, and the next plan goes on from what is there.
 *
 *     (none) --addJoiner--> joining --(the steward, when digests agree)--> inSync
 *     out    --rejoin-----> joining
 *     joining, inSync --evict--> out
 *     any    --removeMember--> (none)
 *     joining (deferred) --startBackfill--> joining (running)
 */
import { memberOf, MEMBERS_MAX, type PgMember, type PgRecord, type StoreId } from './model';

/** Why a copy is made, the most urgent first. */
export const joinReasons = [
  'lastCopy',
  'underReplicated',
  'draining',
  'misplaced',
  'balance',
] as const;
export type JoinReason = (typeof joinReasons)[number];

interface StepPlace {
  readonly pg: number;
  readonly store: StoreId;
}

interface JoinStep extends StepPlace {
  readonly backfill: 'running' | 'deferred';
  readonly reason: JoinReason;
}

export type PlacementStep =
  /** A store that does not answer; it stays listed, and writes go on without it. */
  | ({ readonly kind: 'evict' } & StepPlace)
  /** A store that has nothing of this group yet. */
  | ({ readonly kind: 'addJoiner' } & JoinStep)
  /** A store that came back and lacks only what it missed. */
  | ({ readonly kind: 'rejoin' } & JoinStep)
  /** A deferred joiner is filled from now on. */
  | ({ readonly kind: 'startBackfill'; readonly reason: JoinReason } & StepPlace)
  /**
   * replaced: enough copies are in sync without it. notNeeded: a joiner that is not wanted any more.
   * givenUp: it is behind, and its place is needed or its store no longer exists.
   */
  | ({
      readonly kind: 'removeMember';
      readonly reason: 'replaced' | 'notNeeded' | 'givenUp';
    } & StepPlace);

/** The record after a step, one epoch later. Throws a RangeError for a step that does not fit it. */
export function applyStep(record: PgRecord, step: PlacementStep): PgRecord {
  const { store } = step;
  const member = memberOf(record, store);
  const others = record.members.filter((other) => other !== member);
  switch (step.kind) {
    case 'evict':
      check(member !== undefined && member.state !== 'out', step);
      check(
        others.some(({ state }) => state === 'inSync'),
        step,
      );
      return replaced({ store, state: 'out' });
    case 'addJoiner':
      check(member === undefined && record.members.length < MEMBERS_MAX, step);
      return replaced({ store, state: 'joining', backfill: step.backfill });
    case 'rejoin':
      check(member?.state === 'out', step);
      return replaced({ store, state: 'joining', backfill: step.backfill });
    case 'startBackfill':
      check(member?.state === 'joining' && member.backfill === 'deferred', step);
      return replaced({ store, state: 'joining', backfill: 'running' });
    case 'removeMember':
      check(member !== undefined, step);
      check(
        others.some(({ state }) => state === 'inSync'),
        step,
      );
      return { epoch: record.epoch + 1, members: others };
  }

  function replaced(next: PgMember): PgRecord {
    return { epoch: record.epoch + 1, members: [...others, next] };
  }
}

function check(holds: boolean, step: PlacementStep): void {
  if (!holds) throw new RangeError(`${step.kind} does not fit group ${step.pg}, ${step.store}`);
}
