/** `cairn completion` and the hidden command that answers the shells. */
import { createCairnClient, unwrap, type CairnClient } from '@cairn/api-client';
import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { candidatesFor, completionScript, shells } from '../completion';
import { loadConfig } from '../config';
import { outputOf } from '../session';
import { createAgent, fetchOver } from '../tls';
import { printLine, type World } from '../world';

/** A shell that waits longer for candidates feels broken. */
const TIMEOUT_MS = 1500;
const NAMES_MAX = 200;

export function completionCommands(program: Command, world: World): void {
  program
    .command('completion')
    .description('print a completion script; for bash: source <(cairn completion bash)')
    .addArgument(new Argument('<shell>', 'shell').choices(shells))
    .action((shell: string, _options: unknown, command: Command) =>
      outputOf(world, command).text(completionScript(z.enum(shells).parse(shell))),
    );
  program
    .command('__complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .action(async (words: string[]) => {
      for (const candidate of await candidatesFor(program, words, (name) => namesOf(world, name)))
        printLine(world.stdout, candidate);
    });
}

/** Names of the things that an argument may mean. Silent when nobody is logged in or nobody answers. */
async function namesOf(world: World, argument: string): Promise<readonly string[]> {
  const list = lists[argument];
  if (list === undefined) return [];
  try {
    const config = loadConfig(world);
    if (config === undefined) return [];
    const agent = createAgent(config.fingerprint);
    try {
      const client = createCairnClient({
        baseUrl: config.server,
        token: config.token,
        fetch: fetchOver(agent),
        timeoutMs: TIMEOUT_MS,
      });
      return await list(client);
    } finally {
      agent.destroy();
    }
  } catch {
    return [];
  }
}

const params = { query: { limit: NAMES_MAX } };

const lists: Readonly<Record<string, (client: CairnClient) => Promise<readonly string[]>>> = {
  vm: async (client) => names(unwrap(await client.GET('/api/v1/vms', { params }))),
  volume: async (client) => names(unwrap(await client.GET('/api/v1/volumes', { params }))),
  image: async (client) => names(unwrap(await client.GET('/api/v1/images', { params }))),
  iso: async (client) => names(unwrap(await client.GET('/api/v1/isos', { params }))),
  node: async (client) => names(unwrap(await client.GET('/api/v1/nodes', { params }))),
  user: async (client) => names(unwrap(await client.GET('/api/v1/users', { params }))),
  token: async (client) => names(unwrap(await client.GET('/api/v1/api-tokens', { params }))),
  drive: async (client) =>
    unwrap(await client.GET('/api/v1/drives', { params })).items.map((drive) => drive.path),
};

function names(list: { readonly items: readonly { readonly name: string }[] }): string[] {
  return list.items.map((item) => item.name);
}
