/** `cairn vm disk …`: disks and optical drives of a VM. */
import type { CairnClient, components } from '@cairn/api-client';
import { diskBusSchema } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { diskColumns } from '../columns';
import { diskCreateOf, parseDisk } from '../device-options';
import { UsageError } from '../exit';
import { fetchVm, isoIdOf, partOf, vmIdOf } from '../resolve';
import { dryRunQuery, finish, optionsOf, withSession } from '../session';
import { parseCount, parseSize } from '../units';
import type { World } from '../world';
import { given, withDryRun, withTask } from './shared';

type Schemas = components['schemas'];

export function vmDiskCommands(vm: Command, world: World): void {
  const disk = vm.command('disk').description('disks of a VM; name a disk by its slot or id');
  disk
    .command('list <vm>')
    .alias('ls')
    .description('list the disks of a VM')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        session.out.list((await fetchVm(session.client, name)).disks, diskColumns);
      }),
    );
  addCommand(disk, world);
  setCommand(disk, world);
  resizeCommand(disk, world);
  removeCommand(disk, world);
  mediaCommands(disk, world);
}

async function diskPath(client: CairnClient, vmName: string, diskText: string) {
  const vm = await fetchVm(client, vmName);
  return { vmId: vm.id, diskId: partOf('disk', vm.disks, diskText).id };
}

function addCommand(disk: Command, world: World): void {
  const command = disk
    .command('add <vm> [disk]')
    .description('add a disk (20G, image=NAME or volume=NAME) or, with --cdrom, an optical drive')
    .option('--cdrom [iso]', 'add an optical drive, empty or with an ISO');
  withDryRun(withTask(command)).action(
    (name: string, text: string | undefined, _options: unknown, self: Command) =>
      withSession(world, self, async (session) => {
        const schema = z.object({ cdrom: z.union([z.string(), z.literal(true)]).optional() });
        const { cdrom } = optionsOf(self, schema);
        const body = await addBody(session.client, text, cdrom);
        const vmId = await vmIdOf(session.client, name);
        const result = await session.client.POST('/api/v1/vms/{vmId}/disks', {
          params: { path: { vmId }, query: dryRunQuery(session) },
          body,
        });
        await finish(session, result, { what: `vm ${name}: add disk` });
      }),
  );
}

async function addBody(
  client: CairnClient,
  text: string | undefined,
  cdrom: string | true | undefined,
): Promise<Schemas['VmDiskCreate']> {
  if ((text === undefined) === (cdrom === undefined))
    throw new UsageError('Name a disk to add, or an optical drive with --cdrom.');
  if (text !== undefined) return diskCreateOf(client, parseDisk(text));
  return { kind: 'cdrom', isoId: typeof cdrom === 'string' ? await isoIdOf(client, cdrom) : null };
}

function setCommand(disk: Command, world: World): void {
  disk
    .command('set <vm> <disk>')
    .description('change the limits of a disk, or the bus of a disk of a stopped VM')
    .addOption(new Option('--bus <bus>', 'bus').choices(diskBusSchema.options))
    .option('--iops-limit <count>', 'reads and writes a second; 0 is without limit', parseCount)
    .option('--bytes-limit <size>', 'bytes a second; 0 is without limit', parseSize)
    .action((name: string, text: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const options = optionsOf(
          command,
          z.object({
            bus: diskBusSchema.optional(),
            iopsLimit: z.number().optional(),
            bytesLimit: z.number().optional(),
          }),
        );
        const body = given({
          bus: options.bus,
          iopsLimit: options.iopsLimit === 0 ? null : options.iopsLimit,
          bytesPerSecondLimit: options.bytesLimit === 0 ? null : options.bytesLimit,
        });
        if (Object.keys(body).length === 0) throw new UsageError('Say what to change. See --help.');
        const path = await diskPath(session.client, name, text);
        const result = await session.client.PATCH('/api/v1/vms/{vmId}/disks/{diskId}', {
          params: { path },
          body,
        });
        await finish(session, result, {
          what: `vm ${name}: set disk`,
          resource: (changed) => session.out.item(changed, diskColumns),
        });
      }),
    );
}

function resizeCommand(disk: Command, world: World): void {
  const command = disk.command('resize <vm> <disk> <size>').description('make a disk larger');
  withDryRun(withTask(command)).action(
    (name: string, text: string, size: string, _options: unknown, self: Command) =>
      withSession(world, self, async (session) => {
        const path = await diskPath(session.client, name, text);
        const result = await session.client.POST(
          '/api/v1/vms/{vmId}/disks/{diskId}/actions/resize',
          {
            params: { path, query: dryRunQuery(session) },
            body: { sizeBytes: parseSize(size) },
          },
        );
        await finish(session, result, { what: `vm ${name}: resize disk ${text}` });
      }),
  );
}

function removeCommand(disk: Command, world: World): void {
  const command = disk
    .command('remove <vm> <disk>')
    .description('remove a disk and delete its volume')
    .option('--keep-volume', 'keep its volume');
  withDryRun(withTask(command)).action(
    (name: string, text: string, _options: unknown, self: Command) =>
      withSession(world, self, async (session) => {
        const { keepVolume } = optionsOf(self, z.object({ keepVolume: z.boolean().optional() }));
        const path = await diskPath(session.client, name, text);
        const query = {
          ...dryRunQuery(session),
          ...(keepVolume === true ? { keepVolume: 'true' as const } : {}),
        };
        const result = await session.client.DELETE('/api/v1/vms/{vmId}/disks/{diskId}', {
          params: { path, query },
        });
        await finish(session, result, { what: `vm ${name}: remove disk ${text}` });
      }),
  );
}

function mediaCommands(disk: Command, world: World): void {
  withTask(disk.command('insert <vm> <disk> <iso>'))
    .description('insert an ISO into an optical drive')
    .action((name: string, text: string, iso: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const isoId = await isoIdOf(session.client, iso);
        const path = await diskPath(session.client, name, text);
        const result = await session.client.POST(
          '/api/v1/vms/{vmId}/disks/{diskId}/actions/insert-media',
          { params: { path }, body: { isoId } },
        );
        await finish(session, result, { what: `vm ${name}: insert ${iso}` });
      }),
    );
  withTask(disk.command('eject <vm> <disk>'))
    .description('eject the ISO from an optical drive')
    .action((name: string, text: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const path = await diskPath(session.client, name, text);
        const result = await session.client.POST(
          '/api/v1/vms/{vmId}/disks/{diskId}/actions/eject',
          { params: { path } },
        );
        await finish(session, result, { what: `vm ${name}: eject` });
      }),
    );
}
