// What happens to open work, and to the API, when the service or the database goes away.
import { FakeStorage } from '@cairn/block-store';
import type { StorageVolume, StorageVolumeCreate } from '@cairn/contracts';
import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { FakeVmRuntime } from '@cairn/vm-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pick, pickString, TestNode } from './test-node';

/** Holds back every creation until it is let go. */
class SlowStorage extends FakeStorage {
  #release: () => void = () => undefined;
  #held: Promise<void> = Promise.resolve();

  hold(): void {
    this.#held = new Promise((resolve) => (this.#release = resolve));
  }

  letGo(): void {
    this.#release();
  }

  override async createVolume(request: StorageVolumeCreate): Promise<StorageVolume> {
    const volume = await super.createVolume(request);
    await this.#held;
    return volume;
  }
}

let postgres: TestPostgres;

beforeAll(async () => {
  postgres = await startPostgres();
});

afterAll(async () => {
  await postgres.stop();
});

const disk = { kind: 'disk', source: { kind: 'blank', sizeBytes: 2 ** 20 } };
const vm = { name: 'web', vcpus: 1, memoryBytes: 128 * 2 ** 20, disks: [disk] };

describe('a restart of the service', () => {
  it('undoes a creation that was under way, completely', async () => {
    const storage = new SlowStorage();
    await storage.addDrive({ path: '/dev/fake0' });
    const runtime = new FakeVmRuntime();
    const options = { storage, runtime: async () => Promise.resolve(runtime) };
    const first = await TestNode.start({
      ...options,
      databaseUrl: await postgres.createDatabase(),
    });
    storage.hold();
    const task = await first.api('POST', '/vms', vm);
    expect(task.status).toBe(202);
    while ((await storage.volumes()).length === 0) await new Promise((r) => setTimeout(r, 10));
    const stopping = first.stop();
    storage.letGo();
    await stopping;

    const databaseUrl = first.environment.databaseUrl;
    const second = await TestNode.start({ ...options, databaseUrl, stateOf: first });
    const path = `/tasks/${pickString(task, 'id')}?waitSeconds=20`;
    const ended = await second.api('GET', path);
    expect(pick(ended, 'state')).toBe('failed');
    expect(pick(ended, 'error.code')).toBe('task.ownerLost');
    expect(pick(await second.api('GET', '/vms'), 'totalEstimate')).toBe(0);
    expect(pick(await second.api('GET', '/volumes'), 'totalEstimate')).toBe(0);
    expect((await storage.volumes()).length).toBe(0);
    await second.destroy();
  });

  it('removes a volume that was half made without a task', async () => {
    const storage = new SlowStorage();
    await storage.addDrive({ path: '/dev/fake0' });
    const first = await TestNode.start({ storage, databaseUrl: await postgres.createDatabase() });
    storage.hold();
    const request = first.api('POST', '/volumes', { name: 'half', sizeBytes: 2 ** 20 });
    request.catch(() => undefined);
    while ((await storage.volumes()).length === 0) await new Promise((r) => setTimeout(r, 10));
    await first.stop();
    storage.letGo();
    const { databaseUrl } = first.environment;
    const second = await TestNode.start({ storage, databaseUrl, stateOf: first });
    for (let attempt = 0; attempt < 100; attempt += 1) {
      if ((await storage.volumes()).length === 0) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect((await storage.volumes()).length).toBe(0);
    expect(pick(await second.api('GET', '/volumes'), 'totalEstimate')).toBe(0);
    await second.destroy();
  });

  it('finds its guests again, with their disks attached', async () => {
    const storage = new FakeStorage();
    await storage.addDrive({ path: '/dev/fake0' });
    const runtime = new FakeVmRuntime();
    const options = { storage, runtime: async () => Promise.resolve(runtime) };
    const first = await TestNode.start({
      ...options,
      databaseUrl: await postgres.createDatabase(),
    });
    const made = await first.apiWait('POST', '/vms', vm);
    const id = pickString(made, 'id');
    expect((await first.apiWait('POST', `/vms/${id}/actions/start`)).status).toBe(200);
    await first.stop();
    expect(runtime.status(id)?.state).toBe('running');
    const databaseUrl = first.environment.databaseUrl;
    const second = await TestNode.start({ ...options, databaseUrl, stateOf: first });
    expect(pick(await second.api('GET', `/vms/${id}`), 'status.state')).toBe('running');
    const attached = (await storage.volumes()).filter((volume) => volume.attachment !== null);
    expect(attached.length).toBe(1);
    await second.destroy();
  });
});

describe('an outage of the database', () => {
  it('answers 503 with Retry-After, serves metrics, and ends without a restart', async () => {
    const node = await TestNode.start({ databaseUrl: await postgres.createDatabase() });
    await postgres.kill();
    const refused = await node.api('GET', '/vms');
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect(pick(refused, 'code')).toBe('service.unavailable');
    const login = { userName: 'admin', password: 'whatever it is' };
    const anonymous = { authorization: '' };
    expect((await node.api('POST', '/sessions', login, anonymous)).status).toBe(503);
    expect((await node.send('GET', '/healthz')).status).toBe(200);
    expect((await node.send('GET', '/readyz')).status).toBe(503);
    expect((await node.send('GET', '/metrics')).text).toContain('cairn_build_info');
    await postgres.start();
    let status = 0;
    for (let attempt = 0; attempt < 100 && status !== 200; attempt += 1) {
      status = (await node.api('GET', '/vms')).status;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(status).toBe(200);
    await node.destroy();
  });
});
