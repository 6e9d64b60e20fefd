/** `npm run fuzz`: every decoder under libFuzzer with the address and undefined-behaviour sanitizers. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTargets, configure } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { run } from './setup/run.mjs';
import { fail, parseArguments, PlainError, say } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const INPUT_BYTES_MAX = 65_536;
const HELP = `Usage: npm run fuzz -- [--seconds N] [--only NAME[,NAME]] [--json]

Builds the fuzzers with clang-19 and runs each for N seconds (default 30). New inputs go to
native/build/fuzz/corpus; an input that makes a decoder fail goes to native/build/fuzz/findings.
Exit code 0 only when no fuzzer found anything.`;

/** Runs each fuzzer for `seconds`; resolves with [{name, ok, runs}]. */
export async function fuzz(checkout, { seconds, only }) {
  await configure(checkout, 'fuzz');
  await buildTargets(checkout, 'fuzz', ['cairn_fuzzers']);
  const build = join(checkout, 'native/build/fuzz');
  const programs = readdirSync(join(build, 'fuzz'))
    .filter((name) => name.endsWith('_fuzz'))
    .filter((name) => only === undefined || only.includes(name));
  if (programs.length === 0) throw new PlainError('There is no fuzzer to run.');
  const results = [];
  for (const name of programs) results.push(await fuzzOne({ checkout, build, name, seconds }));
  return results;
}

async function fuzzOne({ checkout, build, name, seconds }) {
  const corpus = join(build, 'corpus', name);
  const findings = join(build, 'findings', name);
  for (const directory of [corpus, findings]) mkdirSync(directory, { recursive: true });
  const seeds = join(checkout, 'native/fuzz/corpus', name);
  const result = await run(join(build, 'fuzz', name), [
    `-max_total_time=${seconds}`,
    `-max_len=${INPUT_BYTES_MAX}`,
    `-artifact_prefix=${findings}/`,
    '-print_final_stats=1',
    corpus,
    ...(existsSync(seeds) ? [seeds] : []),
  ]);
  const runs = Number(/stat::number_of_executed_units:\s*(\d+)/.exec(result.stderr)?.[1] ?? 0);
  const ok = result.code === 0;
  if (!ok) say(result.stderr.split('\n').slice(-60).join('\n'));
  say(`    ${ok ? 'ok    ' : 'FOUND '} ${name}: ${runs} inputs in ${seconds} s`);
  return { name, ok, runs, seconds };
}

async function main() {
  const spec = { seconds: 'count', only: 'list', json: 'flag', help: 'flag' };
  const options = parseArguments(process.argv.slice(2), spec);
  if (options.help) return say(HELP);
  await ensurePackages(root, ['build', 'test']);
  await ensureNodeModules(root);
  const results = await fuzz(root, { seconds: options.seconds ?? 30, only: options.only });
  const ok = results.every((result) => result.ok);
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, fuzzers: results })}\n`);
  process.exitCode = ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
