/**
 * The kill loop: a writer keeps many requests under way on a volume while its storage process is killed at a random moment,
 * again and again. After every kill all that was acknowledged must be there, and nothing else than was ever sent.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Dice } from './dice';
import { EngineHost } from './engine-host';
import { NbdClient } from './nbd-client';
import { fillSector, SECTOR_BYTES, SectorModel, type Violation } from './sector-model';

const MIB = 2 ** 20;
const DRIVE_BYTES = 512 * MIB;
const VOLUME_BYTES = 32 * MIB;
const READ_BYTES = MIB;

export interface KillLoopOptions {
  /** Kills to do. */
  readonly count: number;
  /** Each life ends after a random time up to this. */
  readonly lifeMsMax: number;
  readonly writers: number;
  readonly seed: number;
  /** Where the drive file goes; a temporary directory is made in it. */
  readonly directory?: string;
  readonly onKill?: (report: KillReport) => void;
}

export interface KillReport {
  readonly kill: number;
  readonly acknowledgedWrites: number;
  readonly recoveryMs: number;
  readonly violations: readonly Violation[];
}

export interface KillLoopResult {
  readonly kills: number;
  readonly acknowledgedWrites: number;
  readonly acknowledgedBytes: number;
  readonly violations: readonly Violation[];
  readonly recoveryMsMax: number;
}

interface Counters {
  writes: number;
  bytes: number;
}

export async function killLoop(options: KillLoopOptions): Promise<KillLoopResult> {
  const directory = await mkdtemp(join(options.directory ?? tmpdir(), 'cairn-kill-'));
  try {
    return await runLives(options, directory);
  } finally {
    await rm(directory, { recursive: true });
  }
}

async function runLives(options: KillLoopOptions, directory: string): Promise<KillLoopResult> {
  const dice = new Dice(options.seed);
  const model = new SectorModel(VOLUME_BYTES / SECTOR_BYTES);
  const host = { drive: join(directory, 'drive'), socketPath: join(directory, 's') };
  const total: Counters = { writes: 0, bytes: 0 };
  const violations: Violation[] = [];
  let recoveryMsMax = 0;
  for (let life = 0; life <= options.count; life++) {
    const startedMs = performance.now();
    const engine = await EngineHost.start({
      ...host,
      ...(life === 0 ? { createBytes: DRIVE_BYTES } : {}),
      volumeBytes: VOLUME_BYTES,
      epoch: life + 1,
    });
    const recoveryMs = performance.now() - startedMs;
    if (life > 0) recoveryMsMax = Math.max(recoveryMsMax, recoveryMs);
    const client = await NbdClient.open(host.socketPath);
    const found = await verify(client, model);
    violations.push(...found);
    if (life > 0) {
      const acknowledgedWrites = total.writes;
      options.onKill?.({ kill: life, acknowledgedWrites, recoveryMs, violations: found });
    }
    if (life === options.count || violations.length > 0) {
      client.close();
      const code = await engine.stop();
      if (code !== 0) throw new Error(`the host did not stop clean: ${String(code)}`);
      break;
    }
    const writing = writeUntilTheEnd(client, model, dice, options.writers, total);
    await sleep(dice.roll(options.lifeMsMax));
    await engine.kill();
    await writing;
  }
  return {
    kills: options.count,
    acknowledgedWrites: total.writes,
    acknowledgedBytes: total.bytes,
    violations,
    recoveryMsMax,
  };
}

/** Reads the whole volume and holds it against the model. */
async function verify(client: NbdClient, model: SectorModel): Promise<Violation[]> {
  const violations: Violation[] = [];
  for (let offset = 0; offset < VOLUME_BYTES; offset += READ_BYTES) {
    const data = await client.read(offset, READ_BYTES);
    violations.push(...model.check(offset / SECTOR_BYTES, data));
  }
  return violations;
}

/** Several writers, each with one request under way, until the connection breaks. */
async function writeUntilTheEnd(
  client: NbdClient,
  model: SectorModel,
  dice: Dice,
  writers: number,
  total: Counters,
): Promise<void> {
  const writer = async () => {
    for (;;) await writeOnce(client, model, dice, total);
  };
  // Every writer ends by the broken connection, and by nothing else that is worth telling here.
  await Promise.allSettled(Array.from({ length: writers }, writer));
}

async function writeOnce(
  client: NbdClient,
  model: SectorModel,
  dice: Dice,
  total: Counters,
): Promise<void> {
  // Mostly small, some across pages and chunks, some of the big kind; all crowd into the same places.
  const sizes = [1, 1, 1, 1, 2, 3, 8, 16, 33, 64];
  const count = sizes[dice.roll(sizes.length)] ?? 1;
  const first = dice.roll(model.sectors - count);
  const kind = dice.roll(20);
  const zeroes = kind === 0;
  const write = model.begin(first, count, zeroes);
  if (zeroes) {
    await client.trim(first * SECTOR_BYTES, count * SECTOR_BYTES);
  } else {
    const words = new Uint32Array((count * SECTOR_BYTES) / 4);
    for (let i = 0; i < count; i++) {
      fillSector(words, (i * SECTOR_BYTES) / 4, write.id, first + i);
    }
    await client.write(first * SECTOR_BYTES, Buffer.from(words.buffer));
  }
  model.acknowledge(write);
  total.writes++;
  total.bytes += count * SECTOR_BYTES;
  if (kind === 1) await client.flush();
}
