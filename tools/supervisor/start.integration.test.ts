/** `npm start` with the real etcd and PostgreSQL: first start, crash of the supervisor, clean stop. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startTicksOf } from './processes';
import type { ReadyEvent, SupervisorEvent } from './report';

const START = join(__dirname, '../start.mjs');
const SERVICES = ['--services', 'etcd,postgresql', '--listen', '127.0.0.1:0'];

interface Started {
  readonly process: ChildProcess;
  readonly ready: ReadyEvent;
  readonly events: SupervisorEvent[];
  readonly ended: Promise<number | null>;
}

describe('npm start', () => {
  let parent: string;
  let data: string;
  let current: Started | undefined;

  beforeAll(() => {
    // mkdtemp makes a directory that only its owner may cross, like a checkout below /root.
    parent = mkdtempSync(join(tmpdir(), 'cairn-start-'));
    data = join(parent, 'data');
  });

  afterAll(async () => {
    current?.process.kill('SIGTERM');
    await current?.ended;
    rmSync(parent, { recursive: true, force: true });
  });

  async function start(): Promise<Started> {
    const args = [START, '--no-setup', '--json', '--data', data, ...SERVICES];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve) => child.once('close', resolve));
    const events: SupervisorEvent[] = [];
    const ready = await new Promise<ReadyEvent>((resolve, reject) => {
      createInterface({ input: child.stdout }).on('line', (line) => {
        const event = JSON.parse(line) as SupervisorEvent;
        events.push(event);
        if (event.event === 'ready') resolve(event);
        if (event.event === 'failed') reject(new Error(event.message));
      });
      void ended.then((code) => {
        reject(new Error(`npm start ended with code ${String(code)}`));
      });
    });
    current = { process: child, ready, events, ended };
    return current;
  }

  it('brings etcd and PostgreSQL up in a directory that other users cannot reach', async () => {
    const { ready } = await start();
    expect(ready.firstStart).toBe(true);
    expect(ready.bootstrapPassword).toMatch(/^\w{5}-/);
    expect(Object.keys(ready.pids)).toEqual(['etcd', 'postgresql']);
    const health = await fetch(`http://${ready.etcdEndpoint}/health`);
    expect(await health.json()).toMatchObject({ health: 'true' });
  });

  it('refuses a second start on the same data directory', () => {
    const args = [START, '--no-setup', '--data', data, ...SERVICES];
    const second = spawnSync(process.execPath, args, { encoding: 'utf8' });
    expect(second.status).toBe(1);
    expect(second.stderr).toContain('Cairn already runs on');
  });

  it('starts again after kill -9 of the supervisor and of its postmaster', async () => {
    const before = current;
    if (before === undefined) throw new Error('The first start failed.');
    const supervisor = spawnSync('pgrep', ['-P', String(before.process.pid)], { encoding: 'utf8' });
    process.kill(before.ready.pids.postgresql ?? 0, 'SIGKILL');
    process.kill(Number(supervisor.stdout.trim()), 'SIGKILL');
    await before.ended;
    const { ready } = await start();
    expect(ready.firstStart).toBe(false);
    expect(ready.bootstrapPassword).toBeUndefined();
  });

  it('stops in order, leaves no process, and exits 0', async () => {
    if (current === undefined) throw new Error('There is nothing to stop.');
    current.process.kill('SIGTERM');
    expect(await current.ended).toBe(0);
    const stopping = current.events.flatMap((event) =>
      event.event === 'stopping' ? [event.service] : [],
    );
    expect(stopping).toEqual(['postgresql', 'etcd']);
    for (const pid of Object.values(current.ready.pids)) expect(startTicksOf(pid)).toBeUndefined();
    expect(existsSync(join(data, 'n1/postgres/postmaster.pid'))).toBe(false);
  });
});
