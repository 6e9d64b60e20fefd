/** `cairn event watch`: what changes in the cluster, as it changes. */
import { watchEvents } from '@cairn/api-client';
import { eventTopicSchema, type CairnEvent } from '@cairn/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import { UsageError } from '../exit';
import { optionsOf, withSession } from '../session';
import type { World } from '../world';
import { parseList } from './shared';

export function eventCommands(program: Command, world: World): void {
  const event = program.command('event').description('what changes in the cluster');
  event
    .command('watch')
    .description('print events until Ctrl-C; with -o json one document on each line')
    .option(
      '--topics <topics>',
      `separated by commas: ${eventTopicSchema.options.join(', ')}`,
      parseList,
    )
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const { topics } = optionsOf(command, z.object({ topics: z.array(z.string()).optional() }));
        const known = z.array(eventTopicSchema).optional().safeParse(topics);
        if (!known.success)
          throw new UsageError(`Topics are ${eventTopicSchema.options.join(', ')}.`);
        const events = watchEvents(client, {
          signal: world.signal,
          onConnection: (open) => {
            if (!open) out.remark('Connection lost; trying again.');
          },
          ...(known.data === undefined ? {} : { topics: known.data }),
        });
        for await (const item of events) out.event(lineOf(item), item);
      }),
    );
}

/** `12:00:01  upsert   vms       web-1  running` */
export function lineOf(event: CairnEvent): string {
  const time = event.at.slice(11, 19);
  const topic = event.event === 'resync' ? '' : event.topic;
  return `${time}  ${event.event.padEnd(12)}  ${topic.padEnd(8)}  ${subjectOf(event)}`.trimEnd();
}

function subjectOf(event: CairnEvent): string {
  switch (event.event) {
    case 'upsert':
      return upsertText(event);
    case 'delete':
      return event.id;
    case 'taskProgress': {
      const { percent } = event.progress;
      return `${event.id}  ${event.state}${percent === null ? '' : ` ${Math.floor(percent)}%`}`;
    }
    case 'metrics':
      return event.id;
    case 'resync':
      return event.reason;
  }
}

function upsertText(event: Extract<CairnEvent, { event: 'upsert' }>): string {
  switch (event.topic) {
    case 'tasks':
      return `${event.id}  ${event.resource.kind} ${event.resource.state}`;
    case 'drives':
      return `${event.resource.path}  ${event.resource.status.state}`;
    default:
      return `${event.resource.name}  ${event.resource.status.state}`;
  }
}
