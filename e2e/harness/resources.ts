/** Steps that many specs share: upload a file, make and remove VMs, wait for states. */
import { createHash } from 'node:crypto';
import { open, readFile, stat } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  type components,
  outcomeOf,
  succeed,
  taskOf,
  unwrap,
  uploadMedia,
  waitForTask,
} from '@cairn/api-client';
import type { Image, Task, Vm, VmState } from '@cairn/contracts';
import type { System } from './system';

type VmCreateBody = components['schemas']['VmCreate'];

const STATE_WITHIN_MS = 90_000;

/** Uploads a file; resolves with the finished task, whatever its end. */
export async function uploadImage(
  { client }: System,
  file: string,
  name: string,
): Promise<{ readonly imageId: string; readonly task: Task }> {
  const { size } = await stat(file);
  const image = unwrap(await client.POST('/api/v1/images', { body: { name, sizeBytes: size } }));
  const started = await uploadMedia(client, {
    kind: 'images',
    id: image.id,
    source: fileSource(file, size),
  });
  return { imageId: image.id, task: await waitForTask(client, started.id) };
}

export async function uploadIso(
  { client }: System,
  file: string,
  name: string,
): Promise<{ readonly isoId: string; readonly task: Task }> {
  const { size } = await stat(file);
  const iso = unwrap(await client.POST('/api/v1/isos', { body: { name, sizeBytes: size } }));
  const started = await uploadMedia(client, {
    kind: 'isos',
    id: iso.id,
    source: fileSource(file, size),
  });
  return { isoId: iso.id, task: await waitForTask(client, started.id) };
}

function fileSource(file: string, sizeBytes: number) {
  return {
    sizeBytes,
    read: async (start: number, end: number): Promise<Uint8Array<ArrayBuffer>> => {
      const handle = await open(file);
      try {
        const bytes = new Uint8Array(end - start);
        await handle.read(bytes, 0, bytes.length, start);
        return bytes;
      } finally {
        await handle.close();
      }
    },
  };
}

export async function getImage({ client }: System, imageId: string): Promise<Image> {
  return unwrap(await client.GET('/api/v1/images/{imageId}', { params: { path: { imageId } } }));
}

export async function deleteImage({ client }: System, imageId: string): Promise<void> {
  const result = await client.DELETE('/api/v1/images/{imageId}', { params: { path: { imageId } } });
  await succeed(client, taskOf(result).id);
}

/** The demo image, built once per system. */
export async function demoImage({ client }: System): Promise<Image> {
  const name = 'demo-tiny';
  const { items } = unwrap(await client.GET('/api/v1/images', {}));
  const present = items.find((image) => image.name === name && image.status.state === 'ready');
  if (present !== undefined) return present;
  const result = await client.POST('/api/v1/images/actions/build-demo', {
    body: { flavour: 'tiny', name },
  });
  const task = await succeed(client, taskOf(result).id);
  const imageId = task.resource?.id ?? '';
  return unwrap(await client.GET('/api/v1/images/{imageId}', { params: { path: { imageId } } }));
}

/** Creates a VM and waits until it is made (and started, when asked for). */
export async function createVm({ client }: System, body: VmCreateBody): Promise<Vm> {
  const outcome = outcomeOf(await client.POST('/api/v1/vms', { body }));
  if (outcome.kind === 'plan') throw new Error('A plan was not asked for.');
  if (outcome.kind === 'resource') return outcome.resource;
  const task = await succeed(client, outcome.task.id);
  return getVm({ client }, task.resource?.id ?? '');
}

export async function getVm({ client }: Pick<System, 'client'>, vmId: string): Promise<Vm> {
  return unwrap(await client.GET('/api/v1/vms/{vmId}', { params: { path: { vmId } } }));
}

type PowerVerb = 'start' | 'shutdown' | 'stop' | 'reboot' | 'reset' | 'pause' | 'resume';

/** One power action, to the end of its task. */
export async function power({ client }: System, vmId: string, verb: PowerVerb): Promise<Task> {
  const response = await client.raw(`/api/v1/vms/${vmId}/actions/${verb}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{}',
  });
  const task = (await response.json()) as Task;
  return waitForTask(client, task.id);
}

export async function untilVmState(system: System, vmId: string, state: VmState): Promise<Vm> {
  const deadline = performance.now() + STATE_WITHIN_MS;
  let seen = '';
  while (performance.now() < deadline) {
    const vm = await getVm(system, vmId);
    if (vm.status.state === state) return vm;
    seen = vm.status.state;
    await sleep(100);
  }
  throw new Error(`The VM is ${seen}, not ${state}, after ${STATE_WITHIN_MS / 1000} s.`);
}

/** Cuts the power where there is any and deletes the VM with its volumes. */
export async function deleteVm(system: System, vmId: string): Promise<void> {
  const { client } = system;
  const vm = await getVm(system, vmId);
  if (vm.status.state !== 'stopped' && vm.status.state !== 'failed')
    await power(system, vmId, 'stop');
  const result = await client.DELETE('/api/v1/vms/{vmId}', { params: { path: { vmId } } });
  await succeed(client, taskOf(result).id);
}

export async function sha256Of(file: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
}
