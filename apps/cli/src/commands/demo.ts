/**
 * `cairn demo`: a first VM without any download, up to the line its guest says on the serial console.
 *
 * Repeating it finds the image and the VM that are there, starts the VM if it does not run, and reports its prompt.
 */
import { allItems, outcomeOf, unwrap, type CallResult, type components } from '@cairn/api-client';
import { demoFlavourSchema, type DemoFlavour } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { expectSerialText } from '../serial';
import { optionsOf, waitWithProgress, withSession, type Session } from '../session';
import { parseCount } from '../units';
import type { World } from '../world';

type Vm = components['schemas']['Vm'];

interface Guest {
  readonly memoryBytes: number;
  /** What its serial line says when it is up: at boot, or when it is asked by an empty line. */
  readonly ready: RegExp;
  readonly bootTimeoutMs: number;
}

const guests: Readonly<Record<DemoFlavour, Guest>> = {
  tiny: {
    memoryBytes: 256 * 1024 ** 2,
    ready: /cairn-guest: ready[^\r\n]*(?=[\r\n])|^[\w-]+:\S*# $/m,
    bootTimeoutMs: 120_000,
  },
  debian: {
    memoryBytes: 1024 ** 3,
    ready: /^[\w-]+ login: ?$|^\S+@[\w-]+:\S*[$#] ?$/m,
    bootTimeoutMs: 600_000,
  },
};

const optionsSchema = z.object({ flavour: demoFlavourSchema, name: z.string() });

export function demoCommand(program: Command, world: World): void {
  program
    .command('demo')
    .description('build a demo image, start a VM from it and wait until its guest speaks')
    .addOption(
      new Option('--flavour <flavour>', 'tiny takes seconds, debian minutes')
        .choices(demoFlavourSchema.options)
        .default('tiny'),
    )
    .option('--name <name>', 'name of the VM', 'demo')
    .option('--timeout <seconds>', 'give up waiting for a task after this time', parseCount)
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const { flavour, name } = optionsOf(command, optionsSchema);
        const guest = guests[flavour];
        const imageId = await readyImage(session, flavour);
        const vmId = await runningVm(session, name, imageId, guest);
        session.out.remark('Waiting for the guest.');
        const line = await expectSerialText(session, vmId, {
          pattern: guest.ready,
          timeoutMs: guest.bootTimeoutMs,
        });
        const url = `${session.server}/vms/${vmId}`;
        session.out.done(line, { vmId, imageId, line, url });
        if (session.out.isMachine()) return;
        session.out.text(`VM ${name} runs: ${url}`);
        session.out.text(`Its serial console: cairn vm console ${name}`);
      }),
    );
}

async function readyImage(session: Session, flavour: DemoFlavour): Promise<string> {
  const { client, out } = session;
  const name = `demo-${flavour}`;
  const images = await allItems(async (page) => {
    const query = { ...page, q: `name:${name}` };
    return unwrap(await client.GET('/api/v1/images', { params: { query } }));
  });
  const ready = images.find((image) => image.name === name && image.status.state === 'ready');
  if (ready !== undefined) return ready.id;
  out.remark(`Building the image ${name}.`);
  const body = { flavour };
  return madeId(session, await client.POST('/api/v1/images/actions/build-demo', { body }));
}

async function runningVm(
  session: Session,
  name: string,
  imageId: string,
  guest: Guest,
): Promise<string> {
  const { client, out } = session;
  const vms = await allItems(async (query) =>
    unwrap(await client.GET('/api/v1/vms', { params: { query } })),
  );
  const known = vms.find((vm) => vm.name === name);
  if (known !== undefined) {
    await wake(session, known);
    return known.id;
  }
  out.remark(`Creating the VM ${name}.`);
  const body = {
    name,
    vcpus: 1,
    memoryBytes: guest.memoryBytes,
    tags: ['demo'],
    disks: [{ kind: 'disk' as const, source: { kind: 'image' as const, imageId } }],
    nics: [{ network: { kind: 'user' as const } }],
  };
  const vmId = await madeId(session, await client.POST('/api/v1/vms', { body }));
  await changeState(session, vmId, 'start');
  return vmId;
}

async function wake(session: Session, vm: Vm): Promise<void> {
  const verb = wakingVerb(vm.status.state);
  if (verb === undefined) return;
  session.out.remark(`VM ${vm.name} is ${vm.status.state}: ${verb}.`);
  await changeState(session, vm.id, verb);
}

async function changeState(session: Session, vmId: string, verb: 'start' | 'resume') {
  const path = `/api/v1/vms/{vmId}/actions/${verb}` as const;
  const params = { path: { vmId } };
  const outcome = outcomeOf(await session.client.POST(path, { params }));
  if (outcome.kind === 'task') await waitWithProgress(session, outcome.task.id);
}

function wakingVerb(state: Vm['status']['state']): 'start' | 'resume' | undefined {
  switch (state) {
    case 'stopped':
    case 'crashed':
    case 'failed':
      return 'start';
    case 'paused':
      return 'resume';
    default:
      return undefined;
  }
}

/** The id of what a creation has made, after its task. */
async function madeId(
  session: Session,
  result: CallResult<
    | Vm
    | components['schemas']['Task']
    | components['schemas']['Plan']
    | components['schemas']['Image']
  >,
): Promise<string> {
  const outcome = outcomeOf(result);
  if (outcome.kind === 'resource') return outcome.resource.id;
  const made =
    outcome.kind === 'task' ? (await waitWithProgress(session, outcome.task.id)).resource : null;
  if (made === null) throw new Error('The server did not say what it has made.');
  return made.id;
}
