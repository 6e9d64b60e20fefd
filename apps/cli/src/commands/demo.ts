/** `cairn demo`: a first VM without any download. Repeating it uses the image that is there. */
import { allItems, outcomeOf, unwrap } from '@cairn/api-client';
import { demoFlavourSchema, type DemoFlavour } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { vmDetails } from '../columns';
import { optionsOf, waitWithProgress, withSession, type Session } from '../session';
import { parseCount } from '../units';
import type { World } from '../world';

const MEMORY_BYTES: Readonly<Record<DemoFlavour, number>> = {
  tiny: 256 * 1024 ** 2,
  debian: 1024 ** 3,
};

export function demoCommand(program: Command, world: World): void {
  program
    .command('demo')
    .description('build a demo image, start a VM from it and say how to reach its console')
    .addOption(
      new Option('--flavour <flavour>', 'tiny takes seconds, debian minutes')
        .choices(demoFlavourSchema.options)
        .default('tiny'),
    )
    .option('--name <name>', 'name of the VM', 'demo')
    .option('--timeout <seconds>', 'give up waiting after this time', parseCount)
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const { flavour, name } = optionsOf(
          command,
          z.object({ flavour: demoFlavourSchema, name: z.string() }),
        );
        await runDemo(session, flavour, name);
      }),
    );
}

async function runDemo(session: Session, flavour: DemoFlavour, wantedName: string): Promise<void> {
  const { client, out } = session;
  const imageId = await readyImage(session, flavour);
  const name = await freeName(session, wantedName);
  out.remark(`Starting the VM ${name}.`);
  const made = outcomeOf(
    await client.POST('/api/v1/vms', {
      body: {
        name,
        vcpus: 1,
        memoryBytes: MEMORY_BYTES[flavour],
        tags: ['demo'],
        disks: [{ kind: 'disk', source: { kind: 'image', imageId } }],
        nics: [{ network: { kind: 'user' } }],
        start: true,
      },
    }),
  );
  const vmId =
    made.kind === 'task'
      ? (await waitWithProgress(session, made.task.id)).resource?.id
      : made.kind === 'resource'
        ? made.resource.id
        : undefined;
  if (vmId === undefined) throw new Error('The server did not say which VM it has made.');
  const params = { path: { vmId } };
  const vm = unwrap(await client.GET('/api/v1/vms/{vmId}', { params }));
  if (out.isMachine()) {
    out.value(vm);
    return;
  }
  out.item(vm, vmDetails);
  out.text(`\nIts serial console:  cairn vm console ${name}`);
  out.text(`Its screen:          ${session.server}/vms/${vmId}`);
}

async function readyImage(session: Session, flavour: DemoFlavour): Promise<string> {
  const { client, out } = session;
  const name = `demo-${flavour}`;
  const images = await allItems(async (query) =>
    unwrap(
      await client.GET('/api/v1/images', { params: { query: { ...query, q: `name:${name}` } } }),
    ),
  );
  const ready = images.find((image) => image.name === name && image.status.state === 'ready');
  if (ready !== undefined) return ready.id;
  out.remark(`Building the image ${name}.`);
  const built = outcomeOf(
    await client.POST('/api/v1/images/actions/build-demo', { body: { flavour } }),
  );
  if (built.kind === 'resource') return built.resource.id;
  if (built.kind !== 'task') throw new Error('The server did not build the image.');
  const task = await waitWithProgress(session, built.task.id);
  if (task.resource === null) throw new Error('The server did not say which image it has built.');
  return task.resource.id;
}

/** `demo`, or `demo-2`, `demo-3` … while the name is taken. */
async function freeName(session: Session, wanted: string): Promise<string> {
  const vms = await allItems(async (query) =>
    unwrap(await session.client.GET('/api/v1/vms', { params: { query } })),
  );
  const taken = new Set(vms.map((vm) => vm.name));
  if (!taken.has(wanted)) return wanted;
  let number = 2;
  while (taken.has(`${wanted}-${number}`)) number += 1;
  return `${wanted}-${number}`;
}
