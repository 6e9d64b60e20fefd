/** What is killed under fio: cairn-storage as the product runs it, or the engine by itself. */
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf } from '@cairn/api-client';
import { withVolume } from '../harness/storage-control';
import type { System } from '../harness/system';
import { EngineHost } from './engine-host';
import { NbdClient } from './nbd-client';

const SERVED_WITHIN_MS = 30_000;
const GONE_WITHIN_MS = 5000;

/** A process that serves one volume over NBD, on a socket with the same address over all its lives. */
export interface Victim {
  readonly socketPath: string;
  readonly url: string;
  /** Sends SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** Resolves when the volume answers again. */
  served(): Promise<void>;
}

/**
 * The storage daemon of a running system, with a volume made by the API and attached by its control
 * socket. It is cairn-keeper that brings the daemon back and holds the socket meanwhile.
 */
export async function withStorage<Result>(
  system: System,
  volumeBytes: number,
  use: (victim: Victim) => Promise<Result>,
): Promise<Result> {
  const { client } = system;
  const body = { name: 'fio-verify', sizeBytes: volumeBytes };
  const outcome = outcomeOf(await client.POST('/api/v1/volumes', { body }));
  if (outcome.kind !== 'resource') throw new Error('The volume was not made at once.');
  const volumeId = outcome.resource.id;
  try {
    return await withVolume(
      system,
      volumeId,
      ({ socketPath, url }) =>
        use({
          socketPath,
          url,
          kill: () => killStorage(system),
          served: () => answers(socketPath),
        }),
      { readOnly: false },
    );
  } finally {
    await client.DELETE('/api/v1/volumes/{volumeId}', { params: { path: { volumeId } } });
  }
}

/** The engine's standalone host on a drive file in `directory`, started anew after each kill. */
export async function withEngineHost<Result>(
  directory: string,
  volumeBytes: number,
  use: (victim: Victim) => Promise<Result>,
): Promise<Result> {
  const socketPath = join(directory, 'volume.sock');
  const start = (epoch: number): Promise<EngineHost> =>
    EngineHost.start({
      drive: join(directory, 'drive.img'),
      ...(epoch === 1 ? { createBytes: 4 * volumeBytes } : {}),
      volumeBytes,
      socketPath,
      epoch,
    });
  let epoch = 1;
  let host = await start(epoch);
  try {
    return await use({
      socketPath,
      url: `nbd+unix:///?socket=${socketPath}`,
      kill: () => host.kill(),
      served: async () => {
        epoch += 1;
        host = await start(epoch);
        await answers(socketPath);
      },
    });
  } finally {
    await host.stop();
  }
}

async function killStorage(system: System): Promise<void> {
  const pid = await system.pidOf('cairn-storage');
  process.kill(pid, 'SIGKILL');
  const deadline = performance.now() + GONE_WITHIN_MS;
  while (isAlive(pid)) {
    if (performance.now() > deadline) throw new Error(`process ${pid} survives SIGKILL`);
    await sleep(1);
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Resolves with the first answer. A kept socket lets its callers wait while nobody serves it. */
async function answers(socketPath: string): Promise<void> {
  const opened = NbdClient.open(socketPath);
  const late = once(AbortSignal.timeout(SERVED_WITHIN_MS), 'abort');
  const client = await Promise.race([opened, late.then(() => undefined)]);
  if (client === undefined) throw new Error(`nobody serves ${socketPath}`);
  client.close();
}
