/**
 * A guest writes numbered blocks with O_DSYNC and says on its serial line which are acknowledged,
 * while the services below it are killed. No write may be lost, no error may reach the guest.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createVm, deleteVm, demoImage, getVm, untilVmState } from '../harness/resources';
import { system } from '../harness/shared';
import { SerialConsole } from '../harness/serial-console';

const MIB = 1024 * 1024;
const STORAGE_KILLS = 5;
const STALL_MS_MAX = 1000;
const SLOTS = 2048;

/** The newest number the guest said is on its disk. */
function lastAck(text: string): number {
  const acks = text.match(/ACK (\d+) /g);
  return Number(/\d+/.exec(acks?.at(-1) ?? '0')?.[0] ?? 0);
}

/**
 * The longest stall of the guest's last run of writes; it reports each over 200 ms. A line that is
 * opened again repeats what was said before.
 */
function stallMsMax(text: string): number {
  const run = text.slice(Math.max(0, text.lastIndexOf('START first=')));
  const stalls = [...run.matchAll(/STALL \d+ (\d+)/g)].map((match) => Number(match[1]));
  return Math.max(0, ...stalls);
}

describe('a guest that writes', () => {
  let vmId: string;
  let line: SerialConsole;

  beforeAll(async () => {
    const image = await demoImage(system());
    const vm = await createVm(system(), {
      name: 'writer',
      vcpus: 1,
      memoryBytes: 256 * MIB,
      disks: [
        { kind: 'disk', source: { kind: 'image', imageId: image.id } },
        { kind: 'disk', source: { kind: 'blank', sizeBytes: 64 * MIB } },
      ],
      start: true,
    });
    vmId = vm.id;
    await untilVmState(system(), vmId, 'running');
    line = await SerialConsole.open(system(), vmId);
  });

  afterAll(async () => {
    line.close();
    await deleteVm(system(), vmId);
  });

  async function startWriting(): Promise<void> {
    const command = `cairn-guest write /dev/vdb --slots ${SLOTS} --interval-us 2000 --ack-every 10`;
    await line.run(command, /ACK \d+ /);
  }

  /** Stops the writer and lets the guest check every acknowledged block. */
  async function stopAndVerify(acked: number): Promise<string> {
    line.send('\x03');
    await sleep(500);
    const command = `cairn-guest verify /dev/vdb --slots ${SLOTS} --acked ${acked}`;
    return line.run(command, /VERIFY \w+ [^\n]*\n/);
  }

  async function untilWritesGoOn(afterAck: number): Promise<void> {
    await line.until((text) => lastAck(text) > afterAck + 50, 30_000, 'new acknowledged write');
  }

  it('sees no error and loses no write when cairn-storage is killed, again and again', async () => {
    await startWriting();
    for (let kill = 0; kill < STORAGE_KILLS; kill += 1) {
      await sleep(400 + 150 * kill);
      const acked = lastAck(line.output);
      await system().kill('cairn-storage');
      await untilWritesGoOn(acked);
    }
    const acked = lastAck(line.output);
    const text = await stopAndVerify(acked);
    expect(text).not.toMatch(/ERROR \d/);
    expect(text).toMatch(/VERIFY ok .*lost=0 broken=0/);
    expect(stallMsMax(text)).toBeLessThan(STALL_MS_MAX);
  });

  it('does not notice that cairn-node is killed, which finds its guest again', async () => {
    const before = (await getVm(system(), vmId)).status.startedAt;
    await startWriting();
    await sleep(500);
    line.close();
    await system().kill('cairn-node');
    await sleep(500);
    await system().untilReady();
    await untilVmState(system(), vmId, 'running');
    line = await SerialConsole.connect(system(), vmId);
    await line.until((text) => lastAck(text) > 0, 30_000, 'acknowledged write');
    const text = await stopAndVerify(lastAck(line.output));
    expect(text).toMatch(/VERIFY ok .*lost=0 broken=0/);
    expect(text).not.toMatch(/ERROR \d/);
    // A busy host delays a guest by itself; a kill of the storage would be far longer.
    expect(stallMsMax(text)).toBeLessThan(STALL_MS_MAX / 2);
    const after = await getVm(system(), vmId);
    expect(after.status.startedAt).toBe(before);
  });

  it('goes on when etcd or PostgreSQL are killed', async () => {
    await startWriting();
    for (const service of ['postgresql', 'etcd'] as const) {
      const acked = lastAck(line.output);
      await system().kill(service);
      await untilWritesGoOn(acked);
      await system().untilReady();
    }
    const text = await stopAndVerify(lastAck(line.output));
    expect(text).not.toMatch(/ERROR \d/);
    expect(text).toMatch(/VERIFY ok .*lost=0 broken=0/);
  });
});
