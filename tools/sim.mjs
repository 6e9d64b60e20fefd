/** `npm run sim`: lives of simulated clusters, by the native program. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeReport } from './powercuts.mjs';
import { buildTargets, configure } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { run } from './setup/run.mjs';
import { fail, parseArguments, say, step } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const SEEDS_DEFAULT = 200;
const HELP = `Usage: npm run sim -- [--seeds N] [--from S] [--seed S] [--jobs J] [--json]

Lives N simulated clusters (default ${SEEDS_DEFAULT}): the real replication on virtual nodes, drives and networks, with
crashes, power cuts, pauses, partitions, outages, failing drives and zombie writers. Every byte read is
checked; at the end everything is healed, and all copies must be in sync and equal. A finding names the
seed that replays it.
  --seeds N   lives
  --from S    the first seed (default 1)
  --seed S    this one life only
  --jobs J    threads (default: one per processor)
Exit code 0 only when everything held.`;

/** Builds the program and runs it; resolves with its report. */
export async function simulate(checkout, { seeds = SEEDS_DEFAULT, from = 1, jobs }) {
  await configure(checkout, 'release');
  await buildTargets(checkout, 'release', ['cairn-sim']);
  const args = ['--seeds', String(seeds), '--from', String(from), '--json'];
  if (jobs !== undefined) args.push('--jobs', String(jobs));
  const result = await run(join(checkout, 'native/build/release/sim/cairn-sim'), args);
  try {
    return JSON.parse(result.stdout);
  } catch {
    // A failed assertion ends the program; its last words name the seed.
    const said = result.stderr.trim().split('\n').slice(-20).join('\n');
    return { ok: false, failures: 1, firstProblem: said };
  }
}

/** As `describeReport`, with a line of its own for the faults. */
export function describeSimulation({ faults = {}, ...report }) {
  const kinds = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
  return `${describeReport(report)}\nfaults: ${kinds.join(', ')}`;
}

async function main() {
  const spec = { seeds: 'count', from: 'count', seed: 'count', jobs: 'count' };
  const options = parseArguments(process.argv.slice(2), { ...spec, json: 'flag', help: 'flag' });
  if (options.help) return say(HELP);
  await ensurePackages(root, ['build']);
  await ensureNodeModules(root);
  const asked = options.seed === undefined ? options : { ...options, seeds: 1, from: options.seed };
  const report = await step('living simulated clusters', () => simulate(root, asked));
  process.stdout.write(`${options.json ? JSON.stringify(report) : describeSimulation(report)}\n`);
  process.exitCode = report.ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
