/**
 * A storage process is killed under fio at random moments, and fio verifies after each kill that every
 * acknowledged block is there. At the end a loss is planted on purpose: fio has to find it, or its
 * silence before was worth nothing.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from './dice';
import { BLOCK_BYTES, FioWriting, fillPart, PART_BYTES, verify, WRITING_MS_MAX } from './fio';
import type { FioPlan } from './fio';
import type { Victim } from './fio-victims';
import { NbdClient } from './nbd-client';

/** The server's limit of connections to one volume. */
const CONNECTIONS = 8;
export const FIO_VOLUME_BYTES = CONNECTIONS * PART_BYTES;
export const FIO_LIFE_MS_MIN = 100;
export const FIO_LIFE_MS_MAX = WRITING_MS_MAX;
const READ_BYTES = 2 ** 20;

export interface FioLoopOptions {
  /** At least one. */
  readonly kills: number;
  /** fio writes for a random time before each kill: from `FIO_LIFE_MS_MIN` to this, which is at most `FIO_LIFE_MS_MAX`. */
  readonly lifeMsMax: number;
  readonly seed: number;
  readonly onKill?: (report: FioKillReport) => void;
}

export interface FioKillReport {
  readonly kill: number;
  readonly blocksVerified: number;
  /** Issued and never acknowledged: the kill met them under way. */
  readonly writesCutOff: number;
  /** From the kill to the first answer of the next process. */
  readonly servedAgainMs: number;
  /** Of fio; empty when every acknowledged block was right. */
  readonly findings: readonly string[];
}

export interface FioLoopResult {
  readonly kills: number;
  readonly blocksVerified: number;
  readonly writesCutOff: number;
  readonly servedAgainMsMax: number;
  readonly findings: readonly string[];
  /** Whether fio found acknowledged blocks that were put back to what they were, and zeroed ones. */
  readonly plantedLossFound: { readonly older: boolean; readonly zeroed: boolean };
  /** Whether fio had nothing to say once the planted losses were made good. */
  readonly cleanAfterRepair: boolean;
}

/** Runs the loop; stops at the first kill after which fio finds something. Leaves no files behind. */
export async function fioLoop(victim: Victim, options: FioLoopOptions): Promise<FioLoopResult> {
  const directory = await mkdtemp(join(tmpdir(), 'cairn-fio-'));
  const plan = { url: victim.url, directory, connections: CONNECTIONS };
  const dice = new Dice(options.seed);
  const reports: FioKillReport[] = [];
  try {
    await fillPart({ ...plan, seed: options.seed });
    const lastPlan = { ...plan, seed: options.seed + options.kills };
    let older: Buffer = Buffer.alloc(0);
    for (let kill = 1; kill <= options.kills; kill += 1) {
      if (kill === options.kills) older = await readFirstPart(victim);
      const lifeMs = FIO_LIFE_MS_MIN + dice.roll(options.lifeMsMax - FIO_LIFE_MS_MIN + 1);
      const report = await killOnce(victim, { ...plan, seed: options.seed + kill }, kill, lifeMs);
      reports.push(report);
      options.onKill?.(report);
      if (report.findings.length > 0) break;
    }
    const found = reports.some(({ findings }) => findings.length > 0);
    const planted = found ? NOT_PLANTED : await plantLosses(victim, lastPlan, older);
    return { ...totalOf(reports), ...planted };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

async function killOnce(
  victim: Victim,
  plan: FioPlan,
  kill: number,
  lifeMs: number,
): Promise<FioKillReport> {
  const writing = await FioWriting.start(plan);
  await sleep(lifeMs);
  const killedMs = performance.now();
  await victim.kill();
  await victim.served();
  const servedAgainMs = performance.now() - killedMs;
  const writesIssued = await writing.broken();
  const { blocksRead, findings } = await verify(plan);
  const writesCutOff = writesIssued - blocksRead;
  // One write at a time is under way on a connection; all others were acknowledged and must have been read.
  if (findings.length === 0 && (writesCutOff < 0 || writesCutOff > CONNECTIONS)) {
    throw new Error(`fio wrote ${writesIssued} blocks and verified only ${blocksRead}`);
  }
  return { kill, blocksVerified: blocksRead, writesCutOff, servedAgainMs, findings };
}

type PlantedResult = Pick<FioLoopResult, 'plantedLossFound' | 'cleanAfterRepair'>;
const NOT_PLANTED: PlantedResult = {
  plantedLossFound: { older: false, zeroed: false },
  cleanAfterRepair: false,
};

/**
 * Takes acknowledged writes of the last run back behind fio's back. Of the blocks that the run changed
 * in the first connection's part, at most one was not acknowledged; so two are taken.
 */
async function plantLosses(victim: Victim, plan: FioPlan, older: Buffer): Promise<PlantedResult> {
  const newer = await readFirstPart(victim);
  const changed = changedBlocks(older, newer).slice(0, 2);
  if (changed.length < 2) throw new Error('the last run wrote too little to take some of it back');
  const put = (content: (offset: number) => Buffer): Promise<void> =>
    writeBlocks(victim, changed, content);
  const isFound = async (): Promise<boolean> => (await verify(plan)).findings.length > 0;

  await put((offset) => older.subarray(offset, offset + BLOCK_BYTES));
  const olderFound = await isFound();
  await put(() => Buffer.alloc(BLOCK_BYTES));
  const zeroedFound = await isFound();
  await put((offset) => newer.subarray(offset, offset + BLOCK_BYTES));
  return {
    plantedLossFound: { older: olderFound, zeroed: zeroedFound },
    cleanAfterRepair: !(await isFound()),
  };
}

function changedBlocks(older: Buffer, newer: Buffer): readonly number[] {
  const offsets = Array.from(
    { length: PART_BYTES / BLOCK_BYTES },
    (_, block) => block * BLOCK_BYTES,
  );
  return offsets.filter((offset) => {
    const end = offset + BLOCK_BYTES;
    return !older.subarray(offset, end).equals(newer.subarray(offset, end));
  });
}

async function readFirstPart(victim: Victim): Promise<Buffer> {
  const client = await NbdClient.open(victim.socketPath);
  const pieces: Buffer[] = [];
  for (let offset = 0; offset < PART_BYTES; offset += READ_BYTES) {
    pieces.push(await client.read(offset, READ_BYTES));
  }
  client.close();
  return Buffer.concat(pieces);
}

async function writeBlocks(
  victim: Victim,
  offsets: readonly number[],
  content: (offset: number) => Buffer,
): Promise<void> {
  const client = await NbdClient.open(victim.socketPath);
  for (const offset of offsets) await client.write(offset, content(offset));
  await client.flush();
  client.close();
}

function totalOf(
  reports: readonly FioKillReport[],
): Omit<FioLoopResult, 'plantedLossFound' | 'cleanAfterRepair'> {
  const sum = (value: (report: FioKillReport) => number): number =>
    reports.reduce((total, report) => total + value(report), 0);
  return {
    kills: reports.length,
    blocksVerified: sum(({ blocksVerified }) => blocksVerified),
    writesCutOff: sum(({ writesCutOff }) => writesCutOff),
    servedAgainMsMax: Math.max(...reports.map(({ servedAgainMs }) => servedAgainMs)),
    findings: reports.flatMap(({ kill, findings }) =>
      findings.map((finding) => `kill ${kill}: ${finding}`),
    ),
  };
}

/** Whether nothing was lost, and the check is known to notice a loss. */
export function holds(result: FioLoopResult): boolean {
  const { findings, plantedLossFound, cleanAfterRepair } = result;
  const checkWorks = plantedLossFound.older && plantedLossFound.zeroed && cleanAfterRepair;
  return findings.length === 0 && checkWorks;
}
