/**
 * From the request to a running QEMU: a VM is started and stopped over the API of a node of its own, as a client does, in
 * turns with a bare QEMU, so that the machine's mood meets both.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { loadavg, tmpdir } from 'node:os';
import { createInterface } from 'node:readline';
import { taskOf, unwrap } from '@cairn/api-client';
import type { Task } from '@cairn/contracts';
import { createVm, demoImage, getVm, power, untilVmState } from '../harness/resources';
import { OwnedSystem, System } from '../harness/system';
import { describeMachine, spreadOf, timeNow, type StartReport } from './report';

const MIB = 2 ** 20;
const MEMORY_MIB = 256;
const GUEST = `a VM with 1 vCPU, ${MEMORY_MIB} MiB, a boot disk, a blank disk and a network card`;
const WAIT_SECONDS = 30;
const QEMU_WITHIN_MS = 30_000;

export interface StartPlan {
  /** Counted ones; another one before them warms up. */
  readonly starts: number;
  readonly say: (line: string) => void;
}

interface StartSample {
  readonly requestToRunningMs: number;
  readonly taskMs: number;
}

/** Starts a whole node for the measurement, and removes it. */
export async function benchVmStart(plan: StartPlan): Promise<StartReport> {
  plan.say('starting a node');
  const owned = await OwnedSystem.start();
  const system = new System(owned.address);
  try {
    return await measureStarts(system, plan);
  } finally {
    system.close();
    await owned.stop();
    owned.remove();
  }
}

async function measureStarts(system: System, plan: StartPlan): Promise<StartReport> {
  const vmId = await makeVm(system);
  const samples: StartSample[] = [];
  const qemuAloneMs: number[] = [];
  let accelerator = '';
  for (let start = 0; start <= plan.starts; start += 1) {
    const sample = await startOnce(system, vmId);
    accelerator = (await getVm(system, vmId)).status.accelerator ?? '';
    await power(system, vmId, 'stop');
    await untilVmState(system, vmId, 'stopped');
    const aloneMs = await startQemuAlone(accelerator);
    if (start === 0) continue;
    samples.push(sample);
    qemuAloneMs.push(aloneMs);
    plan.say(
      `start ${start}: ${sample.requestToRunningMs.toFixed(0)} ms, QEMU alone ${aloneMs.toFixed(0)} ms`,
    );
  }
  return {
    takenAt: timeNow(),
    machine: describeMachine(tmpdir()),
    loadAverage: loadavg()[0] ?? 0,
    accelerator,
    starts: plan.starts,
    guest: GUEST,
    requestToRunningMs: spreadOf(samples.map((sample) => sample.requestToRunningMs)),
    taskMs: spreadOf(samples.map((sample) => sample.taskMs)),
    qemuAloneMs: spreadOf(qemuAloneMs),
  };
}

async function makeVm(system: System): Promise<string> {
  const image = await demoImage(system);
  const vm = await createVm(system, {
    name: 'start-time',
    vcpus: 1,
    memoryBytes: MEMORY_MIB * MIB,
    disks: [
      { kind: 'disk', source: { kind: 'image', imageId: image.id } },
      { kind: 'disk', source: { kind: 'blank', sizeBytes: 64 * MIB } },
    ],
    nics: [{}],
  });
  return vm.id;
}

/** One start; the answer to the second request comes when the task has ended. */
async function startOnce({ client }: System, vmId: string): Promise<StartSample> {
  const startedMs = performance.now();
  const started = taskOf(
    await client.POST('/api/v1/vms/{vmId}/actions/start', { params: { path: { vmId } } }),
  );
  const params = { path: { taskId: started.id }, query: { waitSeconds: WAIT_SECONDS } };
  const task: Task = unwrap(await client.GET('/api/v1/tasks/{taskId}', { params }));
  const requestToRunningMs = performance.now() - startedMs;
  if (task.state !== 'succeeded') {
    throw new Error(`the VM did not start: ${task.error?.message ?? task.state}`);
  }
  const taskMs = Date.parse(task.finishedAt ?? '') - Date.parse(task.startedAt ?? '');
  return { requestToRunningMs, taskMs };
}

/** A QEMU of the same machine type and memory with nothing in it; ends it when it says that it runs. */
async function startQemuAlone(accelerator: string): Promise<number> {
  const machine = ['-nodefaults', '-machine', `q35,accel=${accelerator}`, '-m', String(MEMORY_MIB)];
  const startedMs = performance.now();
  const child = spawn('qemu-system-x86_64', [...machine, '-display', 'none', '-qmp', 'stdio'], {
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: QEMU_WITHIN_MS,
    killSignal: 'SIGKILL',
  });
  const closed = once(child, 'close');
  child.stdin.write('{"execute":"qmp_capabilities"}{"execute":"query-status"}\n');
  let elapsedMs: number | undefined;
  for await (const line of createInterface({ input: child.stdout })) {
    if (!line.includes('"status": "running"')) continue;
    elapsedMs = performance.now() - startedMs;
    break;
  }
  child.kill('SIGKILL');
  await closed;
  if (elapsedMs === undefined) throw new Error('QEMU did not say that it runs');
  return elapsedMs;
}
