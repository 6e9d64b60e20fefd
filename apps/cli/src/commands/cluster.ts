/** `cairn cluster …`, `cairn node …` and `cairn task …`. */
import { unwrap } from '@cairn/api-client';
import type { Command } from 'commander';
import { clusterDetails, nodeColumns, nodeDetails, taskColumns } from '../columns';
import { nodeIdOf } from '../resolve';
import { finish, waitWithProgress, withSession } from '../session';
import { parseCount } from '../units';
import type { World } from '../world';
import { listCommand } from './list';

export function clusterCommands(program: Command, world: World): void {
  const cluster = program.command('cluster').description('the cluster as a whole');
  cluster
    .command('status')
    .description('show health, capacity and what the cluster survives')
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        out.item(unwrap(await client.GET('/api/v1/cluster')), clusterDetails);
      }),
    );
  cluster
    .command('rename <name>')
    .description('rename the cluster')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const result = await session.client.PATCH('/api/v1/cluster', { body: { name } });
        await finish(session, result, {
          what: 'cluster: rename',
          resource: (changed) => session.out.item(changed, clusterDetails),
        });
      }),
    );
}

export function nodeCommands(program: Command, world: World): void {
  const node = program.command('node').description('nodes of the cluster');
  listCommand(node, world, {
    noun: 'nodes',
    columns: () => nodeColumns,
    list: async (client, query) => unwrap(await client.GET('/api/v1/nodes', { params: { query } })),
  });
  node
    .command('show <node>')
    .description('show a node')
    .action((name: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { nodeId: await nodeIdOf(client, name) } };
        out.item(unwrap(await client.GET('/api/v1/nodes/{nodeId}', { params })), nodeDetails);
      }),
    );
}

export function taskCommands(program: Command, world: World): void {
  const task = program.command('task').description('long work: progress, end and cancellation');
  listCommand(task, world, {
    noun: 'tasks',
    columns: taskColumns,
    list: async (client, query) => unwrap(await client.GET('/api/v1/tasks', { params: { query } })),
  });
  task
    .command('show <id>')
    .description('show a task')
    .action((taskId: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { taskId } };
        const found = unwrap(await client.GET('/api/v1/tasks/{taskId}', { params }));
        out.item(found, taskColumns(world.now()));
      }),
    );
  task
    .command('wait <id>')
    .description('wait for the end of a task; the exit code tells how it ended')
    .option('--timeout <seconds>', 'give up waiting after this time', parseCount)
    .action((taskId: string, _options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const finished = await waitWithProgress(session, taskId);
        session.out.item(finished, taskColumns(world.now()));
      }),
    );
  task
    .command('cancel <id>')
    .description('cancel a task and undo its steps')
    .action((taskId: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const params = { path: { taskId } };
        const result = await client.POST('/api/v1/tasks/{taskId}/actions/cancel', { params });
        out.item(unwrap(result), taskColumns(world.now()));
      }),
    );
}
