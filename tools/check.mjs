/**
 * `npm run check`: the quick inner loop before a commit: format, tidiness, lint, types and unit
 * tests. Unchanged projects come out of Nx's cache.
 */
import { fileURLToPath } from 'node:url';
import { dirname } from 'node:path';
import { NX_ENVIRONMENT } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { run } from './setup/run.mjs';
import { fail, parseArguments, say } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HELP = `Usage: npm run check -- [--json] [--fix] [--help]

Checks format (prettier, clang-format), tidiness, lint, types and unit tests of all projects.
  --fix    write the format instead of checking it
  --json   print {"ok", "steps": [{"name", "ok", "seconds"}]} on stdout
Exit code 0 only when every step passed.`;

const nx = (...targets) => [
  'node_modules/.bin/nx',
  ['run-many', '-t', ...targets, '--output-style=static', '--nxBail=false'],
];

/** The steps in the order of how fast they find something. */
export function checkSteps({ fix = false } = {}) {
  const cache = ['--cache', '--cache-location', 'node_modules/.cache/cairn/prettier'];
  const prettier = ['.', fix ? '--write' : '--check', ...cache, '--log-level=warn'];
  return [
    { name: 'format', command: ['node_modules/.bin/prettier', prettier] },
    { name: 'tidy', command: [process.execPath, ['tools/checks/tidy.mjs']] },
    { name: 'lint', command: nx('lint') },
    { name: 'types', command: nx('typecheck') },
    { name: 'unit', command: nx('unit') },
  ];
}

/** Runs one step in the workspace; its output is shown only when it fails. */
export async function runCheckStep({ name, command: [program, args] }) {
  const started = performance.now();
  const result = await run(program, args, { cwd: root, env: NX_ENVIRONMENT });
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  if (result.code !== 0) say(`${result.stdout}${result.stderr}`.trim());
  say(`${result.code === 0 ? 'ok    ' : 'FAILED'} ${name} (${seconds} s)`);
  return { name, ok: result.code === 0, seconds };
}

async function main() {
  const options = parseArguments(process.argv.slice(2), {
    help: 'flag',
    json: 'flag',
    fix: 'flag',
  });
  if (options.help) return say(HELP);
  await ensureNodeModules(root);
  const steps = [];
  for (const step of checkSteps(options)) steps.push(await runCheckStep(step));
  const ok = steps.every((step) => step.ok);
  if (options.json) process.stdout.write(`${JSON.stringify({ ok, steps })}\n`);
  process.exitCode = ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
