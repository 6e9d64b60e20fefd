/** `cairn api …`: any path of the API with the credentials of the CLI. */
import { readFileSync } from 'node:fs';
import type { RawInit } from '@cairn/api-client';
import { API_PREFIX } from '@cairn/contracts';
import { Argument, type Command } from 'commander';
import { z } from 'zod';
import { UsageError } from '../exit';
import { readInputLines } from '../prompt';
import { optionsOf, withSession } from '../session';
import type { World } from '../world';

const methods = ['get', 'post', 'patch', 'put', 'delete'] as const;

export function apiCommand(program: Command, world: World): void {
  program
    .command('api')
    .description('call a path of the API and print the answer as JSON')
    .addArgument(new Argument('<method>', 'method').choices(methods))
    .argument('<path>', `path below ${API_PREFIX}, or a whole path`)
    .option('-d, --data <json>', 'body: JSON, @file, or - for standard input')
    .action((method: string, path: string, _options: unknown, command: Command) =>
      withSession(world, command, async ({ client, out }) => {
        const { data } = optionsOf(command, z.object({ data: z.string().optional() }));
        const body = data === undefined ? undefined : await bodyOf(world, data);
        const response = await client.raw(wholePath(path), initOf(method, body));
        const text = await response.text();
        if (text === '') return;
        const isJson = response.headers.get('content-type')?.includes('json') === true;
        if (isJson) out.value(JSON.parse(text));
        else out.text(text);
      }),
    );
}

function initOf(method: string, body: string | undefined): RawInit {
  const upper = method.toUpperCase();
  if (body === undefined) return { method: upper };
  return { method: upper, body, headers: { 'Content-Type': 'application/json' } };
}

export function wholePath(path: string): string {
  const absolute = path.startsWith('/') ? path : `/${path}`;
  const root = ['/api/', '/healthz', '/readyz', '/metrics'].some((start) =>
    absolute.startsWith(start),
  );
  return root ? absolute : `${API_PREFIX}${absolute}`;
}

async function bodyOf(world: World, data: string): Promise<string> {
  const text = await textOf(world, data);
  try {
    JSON.parse(text);
  } catch (error) {
    throw new UsageError('The body is not JSON.', { cause: error });
  }
  return text;
}

async function textOf(world: World, data: string): Promise<string> {
  if (data === '-') return (await readInputLines(world, Infinity)).join('\n');
  if (!data.startsWith('@')) return data;
  try {
    return readFileSync(data.slice(1), 'utf8');
  } catch (error) {
    throw new UsageError(`${data.slice(1)} cannot be read.`, { cause: error });
  }
}
