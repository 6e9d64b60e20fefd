import { FakeStorage } from '@cairn/block-store';
import { startPostgres, type TestPostgres } from '@cairn/persistence/testing';
import { FakeVmRuntime } from '@cairn/vm-runtime';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pick, pickString, TestNode, type Answer } from '../testing/test-node';

let postgres: TestPostgres;
let node: TestNode;
const storage = new FakeStorage();
const runtime = new FakeVmRuntime();

beforeAll(async () => {
  postgres = await startPostgres();
  await storage.addDrive({ path: '/dev/fake0' });
  node = await TestNode.start({
    databaseUrl: await postgres.createDatabase(),
    storage,
    runtime: async () => Promise.resolve(runtime),
  });
});

afterAll(async () => {
  await node.destroy();
  await postgres.stop();
});

const small = { vcpus: 1, memoryBytes: 128 * 2 ** 20 };
const blank = { kind: 'disk', source: { kind: 'blank', sizeBytes: 2 ** 20 } };

async function createVm(name: string, rest: object = {}): Promise<string> {
  const answer = await node.apiWait('POST', '/vms', { name, ...small, ...rest });
  expect(`${answer.status} ${answer.text}`).toMatch(/^201/);
  return pickString(answer, 'id');
}

async function power(id: string, verb: string, body?: object): Promise<Answer> {
  return node.apiWait('POST', `/vms/${id}/actions/${verb}`, body);
}

async function stateOf(id: string): Promise<string> {
  return pickString(await node.api('GET', `/vms/${id}`), 'status.state');
}

async function attachedCount(): Promise<number> {
  return (await storage.volumes()).filter((volume) => volume.attachment !== null).length;
}

describe('a VM', () => {
  it('is made with its volumes, started, stopped and deleted with them', async () => {
    const id = await createVm('life', { disks: [blank, { kind: 'cdrom' }], nics: [{}] });
    expect(await stateOf(id)).toBe('stopped');
    expect((await storage.volumes()).length).toBe(1);
    expect((await power(id, 'start')).status).toBe(200);
    expect(await stateOf(id)).toBe('running');
    expect(await attachedCount()).toBe(1);
    expect((await power(id, 'pause')).status).toBe(200);
    expect((await power(id, 'resume')).status).toBe(200);
    expect((await power(id, 'shutdown', { deadlineSeconds: 5 })).status).toBe(200);
    expect(await stateOf(id)).toBe('stopped');
    expect(await attachedCount()).toBe(0);
    expect((await node.apiWait('DELETE', `/vms/${id}`)).status).toBe(200);
    expect((await node.api('GET', `/vms/${id}`)).status).toBe(404);
    expect((await storage.volumes()).length).toBe(0);
  });

  it('keeps its volumes when that is asked for, and others may use them then', async () => {
    const id = await createVm('keeper', { disks: [blank] });
    expect((await node.apiWait('DELETE', `/vms/${id}?keepVolumes=true`)).status).toBe(200);
    const volumeId = pickString(await node.api('GET', '/volumes'), 'items.0.id');
    const source = { kind: 'volume', volumeId };
    const user = await createVm('heir', { disks: [{ kind: 'disk', source }] });
    const second = { name: 'thief', ...small, disks: [{ kind: 'disk', source }] };
    expect(pick(await node.api('POST', '/vms', second), 'code')).toBe('volume.inUse');
    expect(pick(await node.api('DELETE', `/volumes/${volumeId}`), 'code')).toBe('volume.inUse');
    expect((await node.apiWait('DELETE', `/vms/${user}`)).status).toBe(200);
  });

  it('refuses what its state does not allow, in plan and act alike', async () => {
    const id = await createVm('stubborn');
    for (const verb of ['resume', 'pause', 'reboot', 'reset', 'stop']) {
      const plan = await node.api('POST', `/vms/${id}/actions/${verb}?dryRun=true`);
      expect(pick(plan, 'blockers.0.code')).toBe('vm.wrongState');
      expect(pick(await power(id, verb), 'code')).toBe('vm.wrongState');
    }
    await power(id, 'start');
    expect(pick(await node.api('DELETE', `/vms/${id}`), 'code')).toBe('vm.wrongState');
    await power(id, 'stop');
    const protect = await node.api('PATCH', `/vms/${id}`, { deletionProtection: true });
    expect(protect.status).toBe(200);
    expect(pick(await node.api('DELETE', `/vms/${id}`), 'code')).toBe('vm.deletionProtected');
  });

  it('has a name of its own', async () => {
    await createVm('unique');
    const again = await node.api('POST', '/vms', { name: 'unique', ...small });
    expect(pick(again, 'code')).toBe('vm.nameTaken');
  });

  it('is deleted once, however many ask at the same time', async () => {
    const id = await createVm('popular', { disks: [blank] });
    const answers = await Promise.all(
      Array.from({ length: 6 }, async () => node.api('DELETE', `/vms/${id}`)),
    );
    const accepted = answers.filter(({ status }) => status === 202);
    const refused = answers.filter(({ status }) => status === 404 || status === 409);
    expect([accepted.length, refused.length]).toEqual([1, 5]);
  });

  it('is changed only at the revision that its author has seen', async () => {
    const id = await createVm('contested');
    const etag = (await node.api('GET', `/vms/${id}`)).headers.get('etag') ?? '';
    const change = { description: 'one' };
    const first = await node.api('PATCH', `/vms/${id}`, change, { 'if-match': etag });
    expect(first.status).toBe(200);
    const late = await node.api('PATCH', `/vms/${id}`, change, { 'if-match': etag });
    expect(pick(late, 'code')).toBe('request.preconditionFailed');
    expect(late.status).toBe(412);
  });

  it('is made once for one idempotency key', async () => {
    const body = { name: 'once', ...small };
    const key = { 'idempotency-key': 'create-once', prefer: 'wait=30' };
    const first = await node.api('POST', '/vms', body, key);
    const second = await node.api('POST', '/vms', body, key);
    expect([first.status, second.status]).toEqual([201, 201]);
    expect(pick(second, 'id')).toBe(pick(first, 'id'));
    const other = await node.api('POST', '/vms', { ...body, name: 'twice' }, key);
    expect(pick(other, 'code')).toBe('request.idempotencyMismatch');
  });

  it('leaves nothing behind when it cannot be made', async () => {
    const before = (await storage.volumes()).length;
    const image = { kind: 'image', imageId: '01890000-0000-7000-8000-000000000000' };
    const request = { name: 'ghost', ...small, disks: [blank, { kind: 'disk', source: image }] };
    expect(pick(await node.api('POST', '/vms', request), 'code')).toBe('image.notFound');
    expect((await storage.volumes()).length).toBe(before);
    expect(pick(await node.api('GET', '/vms?q=name:ghost'), 'totalEstimate')).toBe(0);
  });

  it('tells why it could not be started, and detaches its disks', async () => {
    const id = await createVm('broken', { disks: [blank] });
    runtime.refuseStarts('no such CPU');
    const answer = await power(id, 'start');
    expect(pick(answer, 'code')).toBe('vm.startFailed');
    expect(pickString(answer, 'detail')).toContain('no such CPU');
    runtime.refuseStarts(null);
    expect(await attachedCount()).toBe(0);
    expect(pick(await node.api('GET', `/vms/${id}`), 'desiredPowerState')).toBe('stopped');
  });
});

describe('the reconciler', () => {
  async function until(check: () => Promise<boolean>): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt += 1) {
      if (await check()) return;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error('it did not come to that');
  }

  it('starts a guest again that has crashed', async () => {
    const id = await createVm('phoenix', { disks: [blank] });
    await power(id, 'start');
    runtime.crash(id);
    await until(async () => (await stateOf(id)) === 'running');
    await power(id, 'stop');
    expect(await stateOf(id)).toBe('stopped');
  });

  it('accepts that a guest has powered itself off', async () => {
    const id = await createVm('sleeper', { disks: [blank] });
    await power(id, 'start');
    runtime.powerOffFromInside(id);
    await until(async () => {
      const vm = await node.api('GET', `/vms/${id}`);
      return pick(vm, 'desiredPowerState') === 'stopped' && (await attachedCount()) === 0;
    });
    expect(await stateOf(id)).toBe('stopped');
  });

  it('lets a stop cut a shutdown short that the guest ignores', async () => {
    const id = await createVm('deaf', { disks: [blank] });
    await power(id, 'start');
    runtime.makeDeaf(id);
    const slow = await node.api('POST', `/vms/${id}/actions/shutdown`, { deadlineSeconds: 30 });
    expect(slow.status).toBe(202);
    expect((await power(id, 'stop')).status).toBe(200);
    const vm = await node.api('GET', `/vms/${id}`);
    expect(pick(vm, 'desiredPowerState')).toBe('stopped');
    expect(pick(vm, 'status.state')).toBe('stopped');
  });
});

describe('devices', () => {
  it('are added, limited, grown and removed', async () => {
    const id = await createVm('devices', { disks: [blank] });
    const added = await node.apiWait('POST', `/vms/${id}/disks`, blank);
    expect(added.status).toBe(201);
    const diskId = pickString(added, 'id');
    const path = `/vms/${id}/disks/${diskId}`;
    expect(pick(await node.api('PATCH', path, { iopsLimit: 100 }), 'iopsLimit')).toBe(100);
    const grown = await node.apiWait('POST', `${path}/actions/resize`, { sizeBytes: 2 ** 21 });
    expect(grown.status).toBe(200);
    const shrunk = await node.api('POST', `${path}/actions/resize`, { sizeBytes: 2 ** 20 });
    expect(pick(shrunk, 'code')).toBe('volume.cannotShrink');
    expect((await node.apiWait('DELETE', path)).status).toBe(200);
    expect(pick(await node.api('PATCH', path, { iopsLimit: 50 }), 'code')).toBe('disk.notFound');
    const nic = await node.apiWait('POST', `/vms/${id}/nics`, { mac: '52:54:00:00:00:77' });
    expect(nic.status).toBe(201);
    const twin = await node.api('POST', `/vms/${id}/nics`, { mac: '52:54:00:00:00:77' });
    expect(twin.status).toBe(400);
    const nicPath = `/vms/${id}/nics/${pickString(nic, 'id')}`;
    expect(pick(await node.api('PATCH', nicPath, { connected: false }), 'connected')).toBe(false);
    expect((await node.apiWait('DELETE', nicPath)).status).toBe(200);
  });

  it('wait for the next start of a running VM, which says so', async () => {
    const id = await createVm('busy', { disks: [blank] });
    await power(id, 'start');
    expect((await node.apiWait('POST', `/vms/${id}/disks`, blank)).status).toBe(201);
    const vm = await node.api('GET', `/vms/${id}`);
    expect(pick(vm, 'status.restartPending')).toBe(true);
    const remove = `/vms/${id}/disks/${pickString(vm, 'disks.0.id')}`;
    expect(pick(await node.api('DELETE', remove), 'code')).toBe('vm.wrongState');
    await power(id, 'stop');
    await power(id, 'start');
    expect(pick(await node.api('GET', `/vms/${id}`), 'status.restartPending')).toBe(false);
    await power(id, 'stop');
  });
});
