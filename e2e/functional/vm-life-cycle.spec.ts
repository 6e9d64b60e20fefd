/** A VM from the demo image, through all of its life. */
import { unwrap } from '@cairn/api-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVm, deleteVm, demoImage, getVm, power, untilVmState } from '../harness/resources';
import { system } from '../harness/shared';
import { engineVolumeCount } from '../harness/storage-control';
import { SerialConsole } from '../harness/serial-console';

const MIB = 1024 * 1024;

describe('the life of a VM', () => {
  let vmId: string;
  let volumesBefore: number;

  beforeAll(async () => {
    const image = await demoImage(system());
    volumesBefore = await engineVolumeCount(system());
    const vm = await createVm(system(), {
      name: 'life-cycle',
      vcpus: 1,
      memoryBytes: 256 * MIB,
      disks: [
        { kind: 'disk', source: { kind: 'image', imageId: image.id } },
        { kind: 'disk', source: { kind: 'blank', sizeBytes: 64 * MIB } },
      ],
      nics: [{}],
    });
    vmId = vm.id;
  });

  afterAll(async () => {
    const { client } = system();
    const { items } = unwrap(await client.GET('/api/v1/vms', {}));
    if (items.some(({ id }) => id === vmId)) await deleteVm(system(), vmId);
  });

  async function act(verb: Parameters<typeof power>[2]): Promise<void> {
    const task = await power(system(), vmId, verb);
    expect(task.error).toBeNull();
    expect(task.state).toBe('succeeded');
  }

  it('is stopped after it was made, with the disks that were asked for', async () => {
    const vm = await getVm(system(), vmId);
    expect(vm.status.state).toBe('stopped');
    expect(vm.desiredPowerState).toBe('stopped');
    expect(vm.disks).toHaveLength(2);
    expect(vm.disks[1]?.sizeBytes).toBe(64 * MIB);
  });

  it('boots the guest from its volume, to a shell on the serial line', async () => {
    await act('start');
    await untilVmState(system(), vmId, 'running');
    const console = await SerialConsole.open(system(), vmId);
    try {
      await console.run('echo cairn-$((6 * 7))', /cairn-42/);
    } finally {
      console.close();
    }
  });

  it('pauses and goes on', async () => {
    await act('pause');
    await untilVmState(system(), vmId, 'paused');
    await act('resume');
    await untilVmState(system(), vmId, 'running');
  });

  it('is reset in place', async () => {
    await act('reset');
    await untilVmState(system(), vmId, 'running');
    const console = await SerialConsole.open(system(), vmId);
    try {
      await console.run('echo again-$((1 + 1))', /again-2/);
    } finally {
      console.close();
    }
  });

  it('refuses to start twice and to be deleted while it runs', async () => {
    const deletion = await system().send('DELETE', `/api/v1/vms/${vmId}`);
    expect(deletion.status).toBe(409);
    const before = (await getVm(system(), vmId)).status.startedAt;
    await system().send('POST', `/api/v1/vms/${vmId}/actions/start`);
    expect((await getVm(system(), vmId)).status.startedAt).toBe(before);
    expect((await getVm(system(), vmId)).status.state).toBe('running');
  });

  it('shuts down when it is asked to', async () => {
    await act('shutdown');
    await untilVmState(system(), vmId, 'stopped');
  });

  it('keeps every acknowledged write of the guest over a power cut', async () => {
    await act('start');
    const first = await SerialConsole.open(system(), vmId);
    await first.run('cairn-guest write /dev/vdb --slots 64', /ACK 100 /);
    first.close();
    await act('stop');
    await untilVmState(system(), vmId, 'stopped');
    await act('start');
    const second = await SerialConsole.open(system(), vmId);
    const verified = /VERIFY ok .*lost=0 broken=0/;
    await second.run('cairn-guest verify /dev/vdb --slots 64 --acked 100', verified);
    second.close();
    await act('stop');
  });

  it('takes its volumes along when it is deleted', async () => {
    await untilVmState(system(), vmId, 'stopped');
    await deleteVm(system(), vmId);
    expect(await engineVolumeCount(system())).toBe(volumesBefore);
    const answer = await system().send('GET', `/api/v1/vms/${vmId}`);
    expect(answer.status).toBe(404);
  });
});
