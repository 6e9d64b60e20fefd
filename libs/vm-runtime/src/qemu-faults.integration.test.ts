import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sleep } from './host/waiting';
import { EventLog, errorKind } from './testing/contract';
import { GuestLab, missingPrerequisites, programsDir } from './testing/guest-lab';
import type { VmRuntime } from './vm-runtime';
import type { NbdSource, VmSpec } from './vm-spec';

const run = promisify(execFile);
const missing = missingPrerequisites();
const DATA_BYTES = 64 * 2 ** 20;

/** A guest that writes numbered blocks to its second disk from its first second on. */
function writerSpec(lab: GuestLab, boot: NbdSource, data: NbdSource): VmSpec {
  const writer = 'cairn-guest write /dev/disk/by-serial/data --interval-us 5000 --ack-every 5';
  return lab.spec(boot, {
    disks: [
      { id: 'boot', role: 'disk', bus: 'virtio-blk', source: boot },
      { id: 'data', role: 'disk', bus: 'virtio-blk', source: data, serial: 'data' },
    ],
    cloudInit: {
      userData: `#!/bin/sh\nexec ${writer}\n`,
      metaData: 'instance-id: i-1\nlocal-hostname: writer\n',
      networkConfig: null,
    },
  });
}

function lastAck(text: string): number {
  return Math.max(0, ...[...text.matchAll(/^ACK (\d+) /gm)].map((match) => Number(match[1])));
}

function longestStallMs(text: string): number {
  return Math.max(0, ...[...text.matchAll(/^STALL \d+ (\d+)/gm)].map((match) => Number(match[1])));
}

describe.skipIf(missing.length > 0)(
  `faults around QEMU${missing.length > 0 ? `: missing here: ${missing.join(', ')}` : ''}`,
  () => {
    let lab: GuestLab;
    let runtime: VmRuntime;
    let log: EventLog;
    const services: ChildProcess[] = [];

    beforeAll(async () => {
      lab = await GuestLab.open();
      runtime = await lab.runtime();
      log = new EventLog(runtime);
    });
    afterAll(async () => {
      for (const service of services) service.kill('SIGKILL');
      await lab.close();
    });

    const serial = (spec: VmSpec): string =>
      readFileSync(runtime.consoles(spec.id).serialLogPath, 'utf8');

    async function ackAfter(spec: VmSpec, number: number, deadlineMs = 90_000): Promise<number> {
      const end = performance.now() + deadlineMs;
      while (performance.now() < end) {
        const acked = lastAck(serial(spec));
        if (acked > number) return acked;
        await sleep(50);
      }
      throw new Error(`the guest's writes stand at ${number}: ${serial(spec).slice(-500)}`);
    }

    it('hides the death and return of the storage from the guest', async () => {
      const path = await lab.emptyDisk(DATA_BYTES);
      const server = await lab.serve(path);
      const spec = writerSpec(lab, await lab.bootDisk(), server.source);
      await runtime.start(spec);
      const before = await ackAfter(spec, 0);
      server.kill();
      await sleep(300);
      await server.start();
      const after = await ackAfter(spec, before + 20);
      await runtime.stop(spec.id);
      const text = serial(spec);
      expect(text).not.toMatch(/^ERROR/m);
      expect(runtime.status(spec.id)?.state).toBe('stopped');
      process.stdout.write(`storage gone for 0.3 s: guest stall ${longestStallMs(text)} ms\n`);
      const verify = ['verify', path, '--acked', String(after)];
      expect((await run(lab.guestProgram, verify)).stdout).toMatch(/VERIFY ok/);
    });

    it('suspends the guest while a disk fails and resumes it by itself', async () => {
      const path = await lab.emptyDisk(DATA_BYTES);
      const trigger = join(lab.dir, 'fail-now');
      const data = await lab.serveWithFaults(path, trigger);
      const spec = writerSpec(lab, await lab.bootDisk(), data);
      await runtime.start(spec);
      const before = await ackAfter(spec, 0);
      writeFileSync(trigger, '');
      const failed = await log.state(spec.id, 'io-suspended', 10_000);
      expect(failed).toMatchObject({ cause: { kind: 'io-error', diskId: 'data', fenced: false } });
      await sleep(1500);
      expect(runtime.status(spec.id)?.state).toBe('io-suspended');
      rmSync(trigger);
      await log.next(
        (event) =>
          event.kind === 'state-changed' && event.id === spec.id && event.cause.kind === 'resumed',
        10_000,
      );
      await ackAfter(spec, before + 20);
      await runtime.stop(spec.id);
      expect(serial(spec)).not.toMatch(/^ERROR/m);
    });

    it('tells within a second that QEMU was killed, and with what', async () => {
      const spec = lab.spec(await lab.bootDisk());
      const { pid } = await runtime.start(spec);
      await lab.booted(runtime, spec);
      const killedAt = performance.now();
      process.kill(pid ?? 0, 'SIGKILL');
      const crash = await log.state(spec.id, 'crashed', 1000);
      process.stdout.write(`crash told after ${Math.round(performance.now() - killedAt)} ms\n`);
      expect(crash).toMatchObject({ cause: { kind: 'process-exit', signal: 'SIGKILL' } });
      const cause = crash.kind === 'state-changed' ? crash.cause : null;
      const tail = cause?.kind === 'process-exit' ? cause.serialTail.join('\n') : '';
      expect(tail).toContain('cairn-guest: ready');
      expect(existsSync(join(lab.runtimeOptions.runDir, 'vms', spec.id, 'q'))).toBe(false);
    });

    it('finds its guests again after the service was killed', async () => {
      const path = await lab.emptyDisk(DATA_BYTES);
      const data = await lab.serve(path);
      const spec = writerSpec(lab, await lab.bootDisk(), data.source);
      const specPath = join(lab.dir, 'spec.json');
      const optionsPath = join(lab.dir, 'options.json');
      writeFileSync(specPath, JSON.stringify(spec));
      writeFileSync(optionsPath, JSON.stringify(lab.runtimeOptions));
      const tsx = createRequire(__filename).resolve('tsx');
      const program = join(__dirname, 'testing/service-process.ts');
      const conditions = ['--conditions=cairn:source', '--import', tsx];
      const service = spawn(process.execPath, [...conditions, program, specPath, optionsPath], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      services.push(service);
      await once(service.stdout, 'data');
      service.kill('SIGKILL');
      await once(service, 'exit');

      const stranger = await lab.runtime();
      expect(await errorKind(stranger.start(spec))).toBe('already-running');

      const next = await lab.runtime();
      const nextLog = new EventLog(next);
      const adoptedAt = performance.now();
      const [found] = (await next.adoptAll()).filter(({ id }) => id === spec.id);
      process.stdout.write(`adopted in ${Math.round(performance.now() - adoptedAt)} ms\n`);
      expect(found).toMatchObject({ state: 'running', name: spec.name });
      expect(nextLog.events[0]).toMatchObject({ to: 'running', cause: { kind: 'adopted' } });
      await lab.serialText(next, spec.id, /^ACK \d+/m);
      await next.pause(spec.id);
      expect(next.status(spec.id)?.state).toBe('paused');
      await next.resume(spec.id);
      process.kill(found?.pid ?? 0, 'SIGABRT');
      const crash = await nextLog.state(spec.id, 'crashed', 1000);
      expect(crash).toMatchObject({ cause: { kind: 'process-exit', signal: 'SIGABRT' } });
    });

    it('learns at adoption what happened while nobody watched', async () => {
      const first = await lab.runtime();
      const dead = lab.spec(await lab.bootDisk());
      const off = lab.spec(await lab.bootDisk());
      const { pid } = await first.start(dead);
      await first.start(off);
      await lab.booted(first, off);
      const console = first.consoles(off.id).serialSocketPath;
      await first.dispose();
      process.kill(pid ?? 0, 'SIGSEGV');
      await run('sh', ['-c', `echo poweroff | timeout 10 socat - UNIX-CONNECT:${console}; true`]);

      const next = await lab.runtime();
      const nextLog = new EventLog(next);
      await next.adoptAll();
      const crash = await nextLog.state(dead.id, 'crashed', 2000);
      expect(crash).toMatchObject({ cause: { kind: 'process-exit', signal: 'SIGSEGV' } });
      const end = await nextLog.state(off.id, 'stopped', 10_000);
      expect(end).toMatchObject({ cause: { kind: 'guest-shutdown' } });
      const again = await (await lab.runtime()).adoptAll();
      expect(again.map(({ id }) => id)).not.toContain(dead.id);
    });

    it('holds a VM as unknown while its process lives and does not answer', async () => {
      const first = await lab.runtime();
      const spec = lab.spec(await lab.bootDisk());
      const { pid } = await first.start(spec);
      await first.dispose();
      process.kill(pid ?? 0, 'SIGSTOP');
      const next = await lab.runtime();
      const [found] = (await next.adoptAll()).filter(({ id }) => id === spec.id);
      expect(found?.state).toBe('unknown');
      expect(await errorKind(next.start(spec))).toBe('already-running');
      process.kill(pid ?? 0, 'SIGCONT');
      const nextLog = new EventLog(next);
      await nextLog.state(spec.id, 'running', 15_000);
      await next.stop(spec.id);
    });

    it('keeps watching when its watching program is killed', async () => {
      const spec = lab.spec(await lab.bootDisk());
      const { pid } = await runtime.start(spec);
      const { stdout } = await run('pgrep', ['-P', String(process.pid), '-f', programsDir]);
      const watcher = stdout
        .split('\n')
        .filter((line) => line !== '')
        .map(Number);
      for (const child of watcher) process.kill(child, 'SIGKILL');
      await sleep(500);
      process.kill(pid ?? 0, 'SIGKILL');
      await log.state(spec.id, 'crashed', 2000);
    });
  },
);
