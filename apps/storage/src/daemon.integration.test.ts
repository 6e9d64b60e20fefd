import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { describeStorage } from '@cairn/block-store/testing';
import { EtcdStore, recordKeys } from '@cairn/cluster';
import { DAEMON, greetingMs, KEEPER, run, StorageSystem } from './testing/storage-system';
import { GIB, kindOfFailure } from './testing/world';

const MIB = 2 ** 20;
/** The promise is 1 s on a machine that does nothing else; this one runs tests. */
const STALL_MS_MAX = 5000;

for (const needed of [KEEPER, DAEMON]) {
  if (!existsSync(needed)) throw new Error(`${needed} is missing: build the workspace first`);
}

describeStorage('cairn-storage', async () => {
  const system = await StorageSystem.start();
  return {
    storage: system.storage,
    drive: { path: system.driveFile, createBytes: GIB },
    dispose: () => system.dispose(),
  };
});

describe('cairn-storage', () => {
  let system: StorageSystem;
  beforeEach(async () => {
    system = await StorageSystem.start();
  });
  afterEach(async () => {
    await system.dispose();
  });

  const file = (name: string): string => join(system.directory, name);

  it('keeps what was written over kill -9, and greets waiting guests soon', async () => {
    await system.addDrive();
    const { socket, uri } = await system.attachedVolume(64 * MIB);
    await writeFile(file('in'), randomBytes(64 * MIB));
    await run('nbdcopy', [file('in'), uri]);
    const stalls: number[] = [];
    for (let kill = 0; kill < 3; kill += 1) {
      await system.killDaemon();
      stalls.push(await greetingMs(socket));
    }
    console.log(`stalls: ${stalls.map((ms) => Math.round(ms)).join(', ')} ms`);
    expect(Math.max(...stalls)).toBeLessThan(STALL_MS_MAX);
    await run('nbdcopy', [uri, file('out')]);
    expect((await readFile(file('out'))).equals(await readFile(file('in')))).toBe(true);
  });

  it('gives a connected client no error over kill -9, and no lost write', async () => {
    await system.addDrive();
    const { id, socket } = await system.attachedVolume(16 * MIB);
    const target = `driver=nbd,server.type=unix,server.path=${socket},export=vol-${id},reconnect-delay=60`;
    const client = spawn('qemu-io', ['--image-opts', target], { stdio: ['pipe', 'pipe', 'pipe'] });
    let output = '';
    client.stdout.on('data', (text: Buffer) => {
      output += text.toString();
    });
    const say = (command: string, answer: RegExp): Promise<void> => {
      const before = output.length;
      client.stdin.write(`${command}\n`);
      return system.until(`qemu-io answers ${command}: ${output}`, () =>
        Promise.resolve(answer.test(output.slice(before))),
      );
    };
    for (let round = 1; round <= 3; round += 1) {
      await say(`write -P ${round} ${round}M 1M`, /wrote 1048576/);
      await system.killDaemon();
      await say(`write -P ${round + 10} ${round + 5}M 1M`, /wrote 1048576/);
    }
    for (let round = 1; round <= 3; round += 1) {
      await say(`read -P ${round} ${round}M 1M`, /read 1048576/);
      await say(`read -P ${round + 10} ${round + 5}M 1M`, /read 1048576/);
    }
    client.stdin.end('quit\n');
    await once(client, 'close');
    expect(output).not.toMatch(/fail|error|Pattern/i);
  });

  it('stops clean on SIGTERM with code 0 and serves the same volumes after the next start', async () => {
    await system.addDrive();
    const { id, uri } = await system.attachedVolume(16 * MIB);
    await run('qemu-io', ['-f', 'raw', '-c', 'write -P 7 0 1M', uri]);
    expect(await system.stop()).toBe(0);
    expect(system.log()).toContain('closed clean');
    await system.run();
    await system.untilServing();
    expect((await system.storage.volume(id)).state).toBe('attached');
    expect(await run('qemu-io', ['-f', 'raw', '-c', 'read -P 7 0 1M', uri])).not.toMatch(/Pattern/);
  });

  it('serves without a drive that is missing, and takes it back when it returns', async () => {
    await system.addDrive();
    const { id } = await system.attachedVolume(16 * MIB);
    await system.stop();
    await rename(system.driveFile, file('away'));
    await system.run();
    await system.untilServing();
    expect((await system.storage.drives()).items).toMatchObject([{ state: 'missing' }]);
    expect(await system.storage.volume(id)).toMatchObject({ state: 'offline' });
    expect(await kindOfFailure(system.storage.attachVolume(id, {}))).toBe('not_found');
    await rename(file('away'), system.driveFile);
    await system.until('the drive is back', async () => {
      return (await system.storage.volume(id)).state === 'attached';
    });
  });

  it('leaves a volume with a damaged record alone and serves the others', async () => {
    await system.addDrive();
    const damaged = await system.attachedVolume(16 * MIB);
    const sound = await system.attachedVolume(16 * MIB);
    await system.stop();
    const etcd = new EtcdStore({ endpoints: [system.etcd.endpoint] });
    const key = recordKeys.volume(damaged.id);
    await etcd.transact({ compare: [], then: [{ kind: 'put', key, value: '{"schema":1,' }] });
    etcd.close();
    await system.run();
    await system.untilServing();
    const volumes = await system.storage.volumes();
    expect(volumes.find(({ id }) => id === sound.id)?.state).toBe('attached');
    expect(volumes.find(({ id }) => id === damaged.id)).toMatchObject({
      state: 'offline',
      error: { kind: 'corrupt' },
    });
  });

  it('waits for etcd at its start', async () => {
    await system.addDrive();
    const { id } = await system.attachedVolume(16 * MIB);
    await system.etcd.kill();
    await system.killDaemon();
    await system.until('the daemon says that it waits', () =>
      Promise.resolve(system.log().includes('waiting for etcd')),
    );
    expect((await system.storage.status()).state).toBe('starting');
    expect(await kindOfFailure(system.storage.volumes())).toBe('unavailable');
    await system.etcd.run();
    await system.untilServing();
    expect((await system.storage.volume(id)).state).toBe('attached');
  });

  it('goes on serving while etcd is out', async () => {
    await system.addDrive();
    const { uri } = await system.attachedVolume(16 * MIB);
    await system.etcd.kill();
    await run('qemu-io', ['-f', 'raw', '-c', 'write -P 9 0 1M', '-c', 'read -P 9 0 1M', uri]);
    expect((await system.storage.status()).etcdReachable).toBe(false);
    await system.etcd.run();
  });

  it('shows its metrics', async () => {
    await system.addDrive();
    const { uri } = await system.attachedVolume(16 * MIB);
    await run('qemu-io', ['-f', 'raw', '-c', 'write -P 9 0 1M', uri]);
    const text = await system.storage.metricsText();
    expect(text).toMatch(/cairn_drive_up\{[^}]*\} 1/);
    expect(text).toMatch(/cairn_volume_bytes_total\{volume_id="1",op="write"\} 1048576/);
    expect(text).toMatch(/cairn_storage_io_seconds_bucket\{op="write",tier="file",le="\+Inf"\} \d/);
    expect(text).toMatch(/cairn_storage_sockets_kept 1/);
  });

  it('lets nobody else use its control socket and its drive file', async () => {
    await system.addDrive();
    expect((await stat(file('run/storage.sock'))).mode & 0o777).toBe(0o600);
    expect((await stat(system.driveFile)).mode & 0o777).toBe(0o600);
  });

  it('refuses a wrong configuration with one line and code 78, without being started again', async () => {
    const environment = { ...system.environment(), CAIRN_NODE_ID: 'n1' };
    const child = spawn(KEEPER, ['--', process.execPath, DAEMON], {
      env: environment,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let errors = '';
    child.stderr.on('data', (text: Buffer) => {
      errors += text.toString();
    });
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(78);
    expect(errors.trim()).toMatch(
      /^cairn-storage: the configuration is wrong: CAIRN_NODE_ID[^\n]*$/,
    );
  });

  it('uses little while it is idle', async () => {
    await system.addDrive();
    await system.attachedVolume(16 * MIB);
    const pid = await system.daemonPid();
    const ticks = async (): Promise<number> => {
      const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ')[1]?.split(' ') ?? [];
      return Number(fields[11]) + Number(fields[12]);
    };
    await delay(2000);
    const before = await ticks();
    await delay(3000);
    const used = (await ticks()) - before;
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    const rssKib = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]);
    console.log(`idle: ${used} ticks in 3 s, ${Math.round(rssKib / 1024)} MiB resident`);
    expect(used).toBeLessThan(15);
    expect(rssKib).toBeLessThan(200 * 1024);
  });
});
