/** The command `list` of every noun. */
import { allItems, type CairnClient } from '@cairn/api-client';
import type { Page } from '@cairn/contracts';
import type { Command } from 'commander';
import { z } from 'zod';
import type { Column } from '../output';
import { optionsOf, withSession } from '../session';
import type { World } from '../world';
import { given, withFilter } from './shared';

export interface ListQuery {
  limit: number;
  cursor?: string;
  q?: string;
  sort?: string;
}

export interface ListOptions<Item> {
  /** What is listed, in the plural. */
  readonly noun: string;
  readonly columns: (now: Date) => readonly Column<Item>[];
  readonly list: (client: CairnClient, query: ListQuery) => Promise<Page<Item>>;
}

const filterSchema = z.object({ query: z.string().optional(), sort: z.string().optional() });

export function listCommand<Item>(parent: Command, world: World, list: ListOptions<Item>): void {
  withFilter(parent.command('list').alias('ls'))
    .description(`list ${list.noun}`)
    .action((_options: unknown, command: Command) =>
      withSession(world, command, async (session) => {
        const { query: q, sort } = optionsOf(command, filterSchema);
        const filter = given({ q, sort });
        const items = await allItems((page) => list.list(session.client, { ...page, ...filter }));
        session.out.list(items, list.columns(world.now()));
      }),
    );
}
