/** The life of a supervised process, with real processes. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LogFile } from './log-file';
import { ProcessRecords, startTicksOf } from './processes';
import { Service, StartFailure, type ServiceSpec } from './service';

describe('a supervised service', () => {
  let directory: string;
  let records: ProcessRecords;
  let restarts: string[];
  let running: Service | undefined;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'cairn-service-'));
    records = new ProcessRecords(directory);
    restarts = [];
  });

  afterEach(async () => {
    await running?.stop();
    running = undefined;
    rmSync(directory, { recursive: true, force: true });
  });

  function service(script: string, more: Partial<ServiceSpec> = {}): Service {
    const spec: ServiceSpec = {
      name: 'sleeper',
      command: () => ({ argv: ['sh', '-c', script] }),
      isHealthy: () => Promise.resolve(true),
      startWithinMs: 5000,
      stop: [{ signal: 'SIGTERM', withinMs: 2000 }],
      ...more,
    };
    const log = new LogFile(join(directory, 'sleeper.log'));
    running = new Service(spec, log, records, {
      restarting: (_name, reason) => restarts.push(reason),
      recovered: () => restarts.push('recovered'),
    });
    return running;
  }

  async function until(condition: () => boolean): Promise<void> {
    const deadline = performance.now() + 10_000;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error('The condition never came.');
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  it('is started again when it is killed', async () => {
    const sleeper = service('exec sleep 1000');
    await sleeper.start();
    const before = sleeper.pid ?? 0;
    process.kill(before, 'SIGKILL');
    await until(() => restarts.includes('recovered'));
    expect(restarts[0]).toBe('it was killed by SIGKILL');
    expect(sleeper.pid).not.toBe(before);
  });

  it('fails the start with its last words when it never becomes healthy', async () => {
    const broken = service('echo "the port is taken"; exit 3', {
      isHealthy: () => Promise.resolve(false),
    });
    const failure = await broken.start().then(
      () => undefined,
      (error: unknown) => error,
    );
    expect(failure).toBeInstanceOf(StartFailure);
    expect(String(failure)).toMatch(/exited with code 3[^]*the port is taken/);
    expect(restarts).toHaveLength(2);
  });

  it('is not started again when it says that its configuration is wrong', async () => {
    const broken = service('echo "CAIRN_NODE_ID is missing"; exit 78', {
      isHealthy: () => Promise.resolve(false),
    });
    await expect(broken.start()).rejects.toThrow(/CAIRN_NODE_ID is missing/);
    expect(restarts).toEqual([]);
  });

  it('is killed when it ignores every signal of the stop', async () => {
    const stubborn = service("trap '' TERM; while :; do sleep 0.1; done", {
      stop: [{ signal: 'SIGTERM', withinMs: 300 }],
    });
    await stubborn.start();
    const pid = stubborn.pid ?? 0;
    await stubborn.stop();
    running = undefined;
    expect(startTicksOf(pid)).toBeUndefined();
  });

  it('leaves a record by which the next supervisor stops it', async () => {
    const sleeper = service('exec sleep 1000');
    await sleeper.start();
    const before = sleeper.pid ?? 0;
    expect(await new ProcessRecords(directory).stopLeftovers(2000)).toEqual(['sleeper']);
    expect(startTicksOf(before)).toBeUndefined();
  });

  it('never stops a process that merely has the recorded pid', async () => {
    const stranger = { pid: process.pid, startTicks: 'another' };
    writeFileSync(join(directory, 'pids', 'etcd.json'), JSON.stringify(stranger));
    expect(await records.stopLeftovers(100)).toEqual([]);
  });
});
