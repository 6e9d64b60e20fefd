/** Plans carried out to the end, on random clusters in which stores come, go and die. */
import { describe, it } from 'vitest';
import fc from 'fast-check';
import { domainLevels } from './model';
import { createPgMap } from './target';
import { poolOf } from './testing/cluster';
import { ConductorSimulation, type ClusterEvent } from './testing/conductor-simulation';

const TURNS_MAX = 3000;
/** A shop's cluster: those of 64 nodes take minutes each. Change the seed to look at others. */
const NODES_MAX = 8;
const RUNS = { numRuns: 15, seed: 20_261_121 };

const eventArbitrary: fc.Arbitrary<ClusterEvent> = fc.oneof(
  fc.record({ kind: fc.constant('addNode' as const), stores: fc.integer({ min: 1, max: 12 }) }),
  fc.record({
    kind: fc.constant('failureDomain' as const),
    level: fc.constantFrom(...domainLevels),
  }),
  fc.constant({ kind: 'split' as const }),
  fc.record({
    kind: fc.constantFrom(
      ...(['drain', 'giveUp', 'die', 'die', 'reboot', 'return', 'reweigh', 'dieWithNode'] as const),
    ),
    pick: fc.nat({ max: 4000 }),
  }),
);

const limitsArbitrary = fc.record({
  backfillsPerStoreMax: fc.integer({ min: 1, max: 8 }),
  backfillsPerNodeMax: fc.integer({ min: 1, max: 32 }),
  backfillsMax: fc.constantFrom(16, 256),
  deferredPerStoreMax: fc.constantFrom(0, 4, 256),
});

describe('a conductor that carries out its plans', () => {
  it('brings any cluster to rest, balanced, and never has fewer copies on the way', () => {
    fc.assert(
      fc.property(
        poolOf(NODES_MAX, [64, 128]),
        fc.array(fc.record({ event: eventArbitrary, turns: fc.nat({ max: 20 }) }), {
          maxLength: 8,
        }),
        limitsArbitrary,
        fc.record({ forgetful: fc.boolean(), promoteOneOf: fc.integer({ min: 1, max: 3 }) }),
        ({ pool, stores }, happenings, limits, options) => {
          const map = createPgMap(pool, stores);
          const cluster = new ConductorSimulation(map, stores, { ...options, limits });
          for (const { event, turns } of happenings) {
            cluster.happens(event);
            for (let turn = 0; turn < turns; turn += 1) cluster.turn();
          }
          if (cluster.hasOfflineGroup) cluster.allReturn();
          cluster.settle(TURNS_MAX);
          cluster.checkSettled();
        },
      ),
      RUNS,
    );
  }, 240_000);
});
