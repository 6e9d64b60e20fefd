/** `cairn user …` and `cairn token …`. */
import { unwrap } from '@cairn/api-client';
import { permissionSchema, roleNameSchema } from '@cairn/contracts';
import { Option, type Command } from 'commander';
import { z } from 'zod';
import { tokenColumns, userColumns } from '../columns';
import { UsageError } from '../exit';
import type { Output } from '../output';
import { tokenIdOf, userIdOf } from '../resolve';
import { finish, optionsOf, withSession } from '../session';
import { parseCount } from '../units';
import type { World } from '../world';
import { listCommand } from './list';
import { given, parseList } from './shared';

const DAY_SECONDS = 86_400;

const roleOption = () => new Option('--role <role>', 'role').choices(roleNameSchema.options);

export function userCommands(program: Command, world: World): void {
  const user = program.command('user').description('users and their roles');
  listCommand(user, world, {
    noun: 'users',
    columns: () => userColumns,
    list: async (client, query) => unwrap(await client.GET('/api/v1/users', { params: { query } })),
  });
  user
    .command('show <user>')
    .description('show a user')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { userId: await userIdOf(client, name) } };
        out.item(unwrap(await client.GET('/api/v1/users/{userId}', { params })), userColumns);
      }),
    );
  createUserCommand(user, world);
  setUserCommand(user, world);
  user
    .command('delete <user>')
    .description('delete a user with all sessions and tokens')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const params = { path: { userId: await userIdOf(session.client, name) } };
        const result = await session.client.DELETE('/api/v1/users/{userId}', { params });
        await finish(session, result, { what: `user ${name}: delete` });
      }),
    );
  user
    .command('reset-password <user>')
    .description('give a user a one-time password and print it')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { userId: await userIdOf(client, name) } };
        const path = '/api/v1/users/{userId}/actions/reset-password';
        const reset = unwrap(await client.POST(path, { params }));
        if (out.isMachine()) out.value(reset);
        else printSecret(out, 'One-time password', reset.oneTimePassword);
      }),
    );
}

function createUserCommand(user: Command, world: World): void {
  user
    .command('create <name>')
    .description('create a user and print a one-time password')
    .addOption(roleOption().default('viewer'))
    .option('--display-name <name>', 'the name to show')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const { role, displayName } = optionsOf(
          command,
          z.object({ role: roleNameSchema, displayName: z.string().optional() }),
        );
        const body = { name, role, ...given({ displayName }) };
        const made = unwrap(await client.POST('/api/v1/users', { body }));
        if (out.isMachine()) {
          out.value(made);
          return;
        }
        out.item(made.user, userColumns);
        if (made.oneTimePassword !== null)
          printSecret(out, 'One-time password', made.oneTimePassword);
      }),
    );
}

function setUserCommand(user: Command, world: World): void {
  user
    .command('set <user>')
    .description('change a user')
    .addOption(roleOption())
    .option('--display-name <name>', 'the name to show')
    .addOption(new Option('--disabled <yes|no>', 'end all access').choices(['yes', 'no']))
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const options = optionsOf(
          command,
          z.object({
            role: roleNameSchema.optional(),
            displayName: z.string().optional(),
            disabled: z.enum(['yes', 'no']).optional(),
          }),
        );
        const body = given({
          role: options.role,
          displayName: options.displayName,
          disabled: options.disabled === undefined ? undefined : options.disabled === 'yes',
        });
        if (Object.keys(body).length === 0) throw new UsageError('Say what to change. See --help.');
        const params = { path: { userId: await userIdOf(session.client, name) } };
        const result = await session.client.PATCH('/api/v1/users/{userId}', { params, body });
        await finish(session, result, {
          what: `user ${name}: set`,
          resource: (changed) => session.out.item(changed, userColumns),
        });
      }),
    );
}

export function tokenCommands(program: Command, world: World): void {
  const token = program.command('token').description('your API tokens');
  listCommand(token, world, {
    noun: 'API tokens',
    columns: () => tokenColumns,
    list: async (client, query) =>
      unwrap(await client.GET('/api/v1/api-tokens', { params: { query } })),
  });
  token
    .command('create <name>')
    .description('create an API token and print its secret once')
    .option('--days <count>', 'days until it expires (default: 90)', parseCount)
    .option('--scopes <permissions>', 'permissions separated by commas; default: all', parseList)
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const body = { name, ...tokenOptionsOf(command) };
        const made = unwrap(await client.POST('/api/v1/api-tokens', { body }));
        if (out.isMachine()) {
          out.value(made);
          return;
        }
        out.item(made.apiToken, tokenColumns);
        printSecret(out, 'Secret', made.secret);
      }),
    );
  token
    .command('delete <token>')
    .description('revoke an API token')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const params = { path: { tokenId: await tokenIdOf(session.client, name) } };
        const result = await session.client.DELETE('/api/v1/api-tokens/{tokenId}', { params });
        await finish(session, result, { what: `token ${name}: delete` });
      }),
    );
}

function tokenOptionsOf(command: Command) {
  const options = optionsOf(
    command,
    z.object({ days: z.number().optional(), scopes: z.array(z.string()).optional() }),
  );
  const scopes = z.array(permissionSchema).optional().safeParse(options.scopes);
  if (!scopes.success) throw new UsageError(`Scopes are permissions such as vms:read, vms:power.`);
  return given({
    scopes: scopes.data,
    expiresInSeconds: options.days === undefined ? undefined : options.days * DAY_SECONDS,
  });
}

/** Printed alone on its line, so that it can be selected; never shown again. */
function printSecret(out: Output, title: string, secret: string): void {
  out.text(`\n${title} (shown only now):\n${secret}`);
}
