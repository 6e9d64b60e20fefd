/** The two servers that are compared: our engine, and qemu-storage-daemon with a raw file. Same disk, same client. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { EngineHost } from '../faults/engine-host';

const START_TIMEOUT_MS = 60_000;
const TICKS_PER_SECOND = 100;

export interface Server {
  readonly name: 'cairn' | 'qsd';
  readonly uri: string;
  /** Processor time so far, of all threads, in seconds. */
  cpuSeconds(): number;
  residentBytes(): number;
  stop(): Promise<void>;
}

function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

function residentBytesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024;
}

/** Our engine's standalone host with one volume. The drive file is bigger than the volume by the store's own areas. */
export async function startCairn(
  directory: string,
  volumeBytes: number,
  launcher: readonly string[],
): Promise<Server> {
  const socketPath = join(directory, 'cairn.sock');
  const host = await EngineHost.start({
    drive: join(directory, 'cairn.drive'),
    createBytes: 2 * volumeBytes + 2 ** 31,
    volumeBytes,
    socketPath,
    epoch: 1,
    launcher,
  });
  return {
    name: 'cairn',
    uri: `nbd+unix:///?socket=${socketPath}`,
    cpuSeconds: () => cpuSecondsOf(host.pid),
    residentBytes: () => residentBytesOf(host.pid),
    stop: async () => {
      await host.stop();
    },
  };
}

/** qemu-storage-daemon with a preallocated raw file: no page cache, no copies, the best engine that it has. */
export async function startQsd(
  directory: string,
  volumeBytes: number,
  launcher: readonly string[],
): Promise<Server> {
  const file = join(directory, 'qsd.raw');
  const socketPath = join(directory, 'qsd.sock');
  const made = spawnSync('fallocate', ['-l', String(volumeBytes), file]);
  if (made.status !== 0) throw new Error(`fallocate: ${String(made.stderr)}`);
  const [program = 'qemu-storage-daemon', ...words]: readonly string[] = [
    ...launcher,
    'qemu-storage-daemon',
  ];
  const child = spawn(
    program,
    [
      ...words,
      '--blockdev',
      `driver=file,node-name=disk,filename=${file},cache.direct=on,aio=io_uring`,
      '--nbd-server',
      `addr.type=unix,addr.path=${socketPath}`,
      '--export',
      'type=nbd,id=disk,node-name=disk,name=disk,writable=on',
    ],
    { stdio: ['ignore', 'inherit', 'inherit'] },
  );
  await reachable(socketPath, child);
  return {
    name: 'qsd',
    uri: `nbd+unix:///disk?socket=${socketPath}`,
    cpuSeconds: () => cpuSecondsOf(child.pid ?? 0),
    residentBytes: () => residentBytesOf(child.pid ?? 0),
    stop: async () => {
      const ended = once(child, 'exit');
      child.kill('SIGTERM');
      await ended;
    },
  };
}

async function reachable(socketPath: string, child: ChildProcess): Promise<void> {
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the server ended with ${child.exitCode}`);
    const socket = connect(socketPath);
    const [event] = (await Promise.race([
      once(socket, 'connect').then(() => ['connect']),
      once(socket, 'error').then(() => ['error']),
    ]).catch(() => ['error'])) as [string];
    socket.destroy();
    if (event === 'connect') return;
    if (performance.now() > deadline) throw new Error(`${socketPath} does not come up`);
    await sleep(20);
  }
}
