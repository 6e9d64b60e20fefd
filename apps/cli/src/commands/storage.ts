/** `cairn volume …` and `cairn drive …`: the pool and what is stored in it. */
import { unwrap } from '@cairn/api-client';
import type { Command } from 'commander';
import { z } from 'zod';
import { candidateColumns, driveColumns, volumeColumns } from '../columns';
import { driveIdOf, nodeIdOf, volumeIdOf } from '../resolve';
import { dryRunQuery, finish, optionsOf, withSession } from '../session';
import { parseSize } from '../units';
import type { World } from '../world';
import { listCommand } from './list';
import { given, repeatable, withDryRun, withTask } from './shared';

export function volumeCommands(program: Command, world: World): void {
  const volume = program.command('volume').description('volumes: stored objects behind disks');
  listCommand(volume, world, {
    noun: 'volumes',
    columns: () => volumeColumns,
    list: async (client, query) =>
      unwrap(await client.GET('/api/v1/volumes', { params: { query } })),
  });
  volume
    .command('show <volume>')
    .description('show a volume')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const path = { volumeId: await volumeIdOf(client, name) };
        const params = { path };
        out.item(unwrap(await client.GET('/api/v1/volumes/{volumeId}', { params })), volumeColumns);
      }),
    );
  createVolumeCommand(volume, world);
  withDryRun(volume.command('delete <volume>'))
    .description('delete a volume that nothing uses')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const path = { volumeId: await volumeIdOf(session.client, name) };
        const params = { path, query: dryRunQuery(session) };
        const result = await session.client.DELETE('/api/v1/volumes/{volumeId}', { params });
        await finish(session, result, { what: `volume ${name}: delete` });
      }),
    );
  withDryRun(volume.command('resize <volume> <size>'))
    .description('make a volume larger')
    .action((name: string, size: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const body = { sizeBytes: parseSize(size) };
        const path = { volumeId: await volumeIdOf(session.client, name) };
        const params = { path, query: dryRunQuery(session) };
        const result = await session.client.POST('/api/v1/volumes/{volumeId}/actions/resize', {
          params,
          body,
        });
        await finish(session, result, {
          what: `volume ${name}: resize`,
          resource: (changed) => session.out.item(changed, volumeColumns),
        });
      }),
    );
}

function createVolumeCommand(volume: Command, world: World): void {
  withDryRun(volume.command('create <name> <size>'))
    .description('create an empty volume')
    .option('--description <text>', 'what it is for')
    .addOption(repeatable('--tag <tag>', 'a tag; may be repeated'))
    .action((name: string, size: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const { description, tag } = optionsOf(
          command,
          z.object({ description: z.string().optional(), tag: z.array(z.string()).optional() }),
        );
        const body = { name, sizeBytes: parseSize(size), ...given({ description, tags: tag }) };
        const result = await session.client.POST('/api/v1/volumes', {
          body,
          params: { query: dryRunQuery(session) },
        });
        await finish(session, result, {
          what: `volume ${name}: create`,
          resource: (made) => session.out.item(made, volumeColumns),
        });
      }),
    );
}

export function driveCommands(program: Command, world: World): void {
  const drive = program.command('drive').description('drives of the pool');
  listCommand(drive, world, {
    noun: 'drives',
    columns: () => driveColumns,
    list: async (client, query) =>
      unwrap(await client.GET('/api/v1/drives', { params: { query } })),
  });
  drive
    .command('candidates')
    .description('list devices that are not in the pool')
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        out.list(unwrap(await client.GET('/api/v1/drives/candidates')).items, candidateColumns);
      }),
    );
  drive
    .command('show <drive>')
    .description('show a drive, named by its id or path')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { driveId: await driveIdOf(client, name) } };
        out.item(unwrap(await client.GET('/api/v1/drives/{driveId}', { params })), driveColumns);
      }),
    );
  addDriveCommand(drive, world);
  withDryRun(withTask(drive.command('remove <drive>')))
    .description('take an empty drive out of the pool')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const path = { driveId: await driveIdOf(session.client, name) };
        const params = { path, query: dryRunQuery(session) };
        const result = await session.client.DELETE('/api/v1/drives/{driveId}', { params });
        await finish(session, result, { what: `drive ${name}: remove` });
      }),
    );
}

const driveAddSchema = z.object({
  create: z.number().optional(),
  force: z.boolean().optional(),
  node: z.string().optional(),
});

function addDriveCommand(drive: Command, world: World): void {
  const command = drive
    .command('add <path>')
    .description('add a device or a file of a node to the pool')
    .option('--create <size>', 'make a file of this size at the path', parseSize)
    .option('--force', 'overwrite what is on the device')
    .option('--node <node>', 'the node that has it; by default the one that answers');
  withDryRun(withTask(command)).action((path: string, _options: unknown, self: Command) =>
    withSession(world, self, async (session) => {
      const options = optionsOf(self, driveAddSchema);
      const nodeId =
        options.node === undefined ? undefined : await nodeIdOf(session.client, options.node);
      const body = {
        path,
        ...given({ createBytes: options.create, force: options.force, nodeId }),
      };
      const result = await session.client.POST('/api/v1/drives', {
        body,
        params: { query: dryRunQuery(session) },
      });
      await finish(session, result, {
        what: `drive ${path}: add`,
        resource: (added) => session.out.item(added, driveColumns),
      });
    }),
  );
}
