import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { system } from '../harness/shared';
import { FIO_VOLUME_BYTES, fioLoop, type FioLoopResult } from './fio-loop';
import { withEngineHost, withStorage } from './fio-victims';

const RUN = { kills: 3, lifeMsMax: 1000, seed: 1 };

function expectNothingLost(result: FioLoopResult): void {
  expect(result.findings).toEqual([]);
  expect(result.kills).toBe(RUN.kills);
  expect(result.blocksVerified).toBeGreaterThan(500);
  expect(result.writesCutOff).toBeGreaterThan(0);
}

/** Acknowledged blocks were put back to an older content, or zeroed, and at last made good. */
function expectPlantedLossFound({ plantedLossFound, cleanAfterRepair }: FioLoopResult): void {
  expect(plantedLossFound).toEqual({ older: true, zeroed: true });
  expect(cleanAfterRepair).toBe(true);
}

describe('fio --verify, with a kill -9 under it again and again', () => {
  it('misses no acknowledged block of cairn-storage, and does miss one that is taken away', async () => {
    const result = await withStorage(system(), FIO_VOLUME_BYTES, (victim) => fioLoop(victim, RUN));
    expectNothingLost(result);
    expectPlantedLossFound(result);
  });

  it('misses no acknowledged block of the engine alone, and does miss one that is taken away', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'cairn-engine-'));
    try {
      const result = await withEngineHost(directory, FIO_VOLUME_BYTES, (victim) =>
        fioLoop(victim, RUN),
      );
      expectNothingLost(result);
      expectPlantedLossFound(result);
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
