/** `npm run fio-verify -w e2e -- --kills N`: the fio loop as a command. Exit code 0 only when nothing is lost. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { OwnedSystem, System } from '../harness/system';
import { FIO_LIFE_MS_MAX, FIO_LIFE_MS_MIN, FIO_VOLUME_BYTES, fioLoop, holds } from './fio-loop';
import type { FioKillReport, FioLoopResult } from './fio-loop';
import { withEngineHost, withStorage, type Victim } from './fio-victims';

const USAGE = `fio-verify: kill -9 a storage process under fio, again and again; fio verifies every acknowledged write

  --kills N        kills (default 30)
  --victim NAME    cairn-storage, as a node runs it (default), or engine: the engine's standalone host
  --life-ms N      each kill comes after a random time of writing from ${FIO_LIFE_MS_MIN} ms to this (default 1500, at most ${FIO_LIFE_MS_MAX})
  --seed N         repeats the plan of another run (default: a new one)
  --json           one JSON object on standard output
  --help           this text

At the end some acknowledged writes are taken back on purpose: fio has to find that.
Exit code 0 only when no write was lost and the planted losses were found. Everything it starts is its own.
`;

interface Settings {
  readonly kills: number;
  readonly lifeMsMax: number;
  readonly seed: number;
  readonly onKill: (report: FioKillReport) => void;
}

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      kills: { type: 'string', default: '30' },
      victim: { type: 'string', default: 'cairn-storage' },
      'life-ms': { type: 'string', default: '1500' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const settings = {
    kills: wholeNumber('kills', values.kills, [1, 100_000]),
    lifeMsMax: wholeNumber('life-ms', values['life-ms'], [FIO_LIFE_MS_MIN, FIO_LIFE_MS_MAX]),
    seed: wholeNumber('seed', values.seed, [0, 2 ** 31]),
    onKill: values.json ? () => undefined : sayKill,
  };
  const result = await run(values.victim, settings);
  const { seed } = settings;
  if (values.json) {
    const { victim } = values;
    process.stdout.write(`${JSON.stringify({ victim, seed, ok: holds(result), ...result })}\n`);
  } else {
    sayTotal(result, seed);
  }
  return holds(result) ? 0 : 1;
}

async function run(victim: string, settings: Settings): Promise<FioLoopResult> {
  const loop = (running: Victim): Promise<FioLoopResult> => fioLoop(running, settings);
  switch (victim) {
    case 'cairn-storage':
      return withOwnSystem((system) => withStorage(system, FIO_VOLUME_BYTES, loop));
    case 'engine':
      return withDirectory((directory) => withEngineHost(directory, FIO_VOLUME_BYTES, loop));
    default:
      throw new Error(`--victim wants cairn-storage or engine, not ${victim}`);
  }
}

async function withOwnSystem<Result>(use: (system: System) => Promise<Result>): Promise<Result> {
  const owned = await OwnedSystem.start();
  const system = new System(owned.address);
  try {
    return await use(system);
  } finally {
    system.close();
    await owned.stop();
    owned.remove();
  }
}

async function withDirectory<Result>(use: (directory: string) => Promise<Result>): Promise<Result> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-engine-'));
  try {
    return await use(directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

function sayKill(report: FioKillReport): void {
  const { kill, blocksVerified, writesCutOff, servedAgainMs, findings } = report;
  const state = findings.length === 0 ? 'all there' : 'LOST BLOCKS';
  process.stderr.write(
    `kill ${kill}: ${blocksVerified} acknowledged blocks, ${state}; ${writesCutOff} writes cut off; ` +
      `served again after ${servedAgainMs.toFixed(0)} ms\n`,
  );
}

function sayTotal(result: FioLoopResult, seed: number): void {
  const { kills, blocksVerified, findings, servedAgainMsMax, plantedLossFound } = result;
  const planted = plantedLossFound.older && plantedLossFound.zeroed && result.cleanAfterRepair;
  process.stdout.write(
    `${kills} kills, ${blocksVerified} acknowledged blocks verified, ${findings.length} lost; ` +
      `slowest return ${servedAgainMsMax.toFixed(0)} ms; ` +
      `planted losses ${planted ? 'found' : 'NOT FOUND'} (seed ${seed})\n`,
  );
  for (const finding of findings.slice(0, 20)) console.error(finding);
}

function wholeNumber(name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = /^[0-9]{1,10}$/.test(text) ? Number(text) : NaN;
  if (value >= min && value <= max) return value;
  throw new Error(`--${name} wants a whole number from ${min} to ${max}, not ${text}`);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
