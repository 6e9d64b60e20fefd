/** `npm run powercuts`: simulated power cuts of a store, by the native program. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTargets, configure } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { run } from './setup/run.mjs';
import { fail, parseArguments, say, step } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const COUNT_DEFAULT = 10_000;
const HELP = `Usage: npm run powercuts -- [--count N] [--seed S] [--jobs J] [--corrupt] [--json]

Runs N lives of a store on simulated drives (default ${COUNT_DEFAULT}). Each ends in a power cut that keeps
any subset of the unflushed sectors; then every byte is checked against what was acknowledged. Prints
counts, losses and wrong reads; a finding names the seed that replays it.
  --seed S    the first drive's seed (default 1)
  --jobs J    threads (default: one per processor)
  --corrupt   instead: spoil every sector of N stores, one by one; wrong bytes must never be read
Exit code 0 only with no loss, no wrong read and no failure.`;

/** Builds the program and runs it; resolves with its report. */
export async function powercuts(checkout, { count, seed = 1, jobs, corrupt = false }) {
  await configure(checkout, 'release');
  await buildTargets(checkout, 'release', ['cairn-powercuts']);
  const args = ['--count', String(count), '--seed', String(seed), '--json'];
  if (jobs !== undefined) args.push('--jobs', String(jobs));
  if (corrupt) args.push('--corrupt');
  const result = await run(join(checkout, 'native/build/release/sim/cairn-powercuts'), args);
  try {
    return JSON.parse(result.stdout);
  } catch {
    // A failed assertion ends the program; its last words name the seed.
    const said = result.stderr.trim().split('\n').slice(-20).join('\n');
    return { ok: false, failures: 1, firstProblem: said };
  }
}

/** The counts of a report as words: "powerCuts 10000, lostWrites 0, …". */
export function describeReport({ ok, firstProblem, ...counts }) {
  const words = Object.entries(counts).map(
    ([name, value]) =>
      `${name.replace(/[A-Z]/g, (c) => ` ${c.toLowerCase()}`)} ${Math.round(value)}`,
  );
  const problem = firstProblem === undefined ? '' : `\nfirst problem: ${firstProblem}`;
  return `${ok ? 'ok' : 'FAILED'}: ${words.join(', ')}${problem}`;
}

async function main() {
  const spec = { count: 'count', seed: 'count', jobs: 'count' };
  const flags = { corrupt: 'flag', json: 'flag', help: 'flag' };
  const options = parseArguments(process.argv.slice(2), { ...spec, ...flags });
  if (options.help) return say(HELP);
  await ensurePackages(root, ['build']);
  await ensureNodeModules(root);
  const count = options.count ?? COUNT_DEFAULT;
  const report = await step(`cutting the power ${count} times`, () =>
    powercuts(root, { ...options, count }),
  );
  process.stdout.write(`${options.json ? JSON.stringify(report) : describeReport(report)}\n`);
  process.exitCode = report.ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
