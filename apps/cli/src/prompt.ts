/** Asking the user, and reading secrets. A password never comes from the command line: others can see that. */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { UsageError } from './exit';
import type { World } from './world';

const LINES_MAX = 16;

/** Asks on the terminal; the answer to a hidden question is not shown. Throws `UsageError` without a terminal. */
export function ask(world: World, question: string, hidden = false): Promise<string> {
  if (world.stdin.isTTY !== true)
    throw new UsageError('There is no terminal to ask on. See --help for ways without questions.');
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: world.stdin,
    output: hidden ? silent : world.stderr,
    terminal: true,
  });
  if (hidden) world.stderr.write(question);
  return new Promise((resolve, reject) => {
    lines.once('SIGINT', () => lines.close());
    lines.once('close', () => reject(new Error('Interrupted.')));
    lines.question(hidden ? '' : question, (answer) => {
      resolve(answer);
      lines.close();
      if (hidden) world.stderr.write('\n');
    });
  });
}

/** The lines of the standard input, for `--password-stdin`. */
export async function readInputLines(world: World, linesMax = LINES_MAX): Promise<string[]> {
  const lines: string[] = [];
  const reader = createInterface({ input: world.stdin, terminal: false });
  for await (const line of reader) {
    lines.push(line);
    if (lines.length === linesMax) break;
  }
  return lines;
}

/** The secret in a file named by an environment variable, if it is set. */
export function secretFromFile(world: World, variable: string): string | undefined {
  const path = world.env[variable];
  if (path === undefined || path === '') return undefined;
  try {
    return readFileSync(path, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`${variable} names ${path}, which cannot be read.`, { cause: error });
  }
}
