/**
 * The stages of `npm test`. Each returns its counts and prints what failed; a stage that cannot run
 * is a failed test, missing hardware is a skipped one that says so.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { checkSteps, runCheckStep } from '../check.mjs';
import { fuzz } from '../fuzz.mjs';
import { model } from '../model.mjs';
import { describeReport, powercuts } from '../powercuts.mjs';
import { describeSimulation, simulate } from '../sim.mjs';
import { buildTargets, configure, NX_ENVIRONMENT } from '../setup/build.mjs';
import { run } from '../setup/run.mjs';
import { say } from '../setup/terminal.mjs';
import {
  NOTHING,
  addCounts,
  junitCounts,
  single,
  vitestCounts,
  vitestSkipped,
} from './results.mjs';

const POWER_CUTS = 100_000;
/** Four kinds: stopped cleanly or not, spoiled in units of 512 and 4096 bytes. */
const SPOILED_STORES = 4;
/** About three minutes on two processors. */
const SIMULATED_LIVES = 2_000;
const FUZZ_SECONDS = 5;
const SHOWN_LINES = 120;

export const STAGES = [
  { name: 'check', about: 'format, tidiness, lint, types', run: runChecks },
  {
    name: 'unit',
    about: 'unit tests of the TypeScript projects',
    run: (c) => runScripts(c, 'unit'),
  },
  { name: 'native', about: 'native unit tests under ASan and UBSan', run: runNative },
  {
    name: 'powercuts',
    about: `${POWER_CUTS} simulated power cuts of a store, every sector spoiled`,
    run: runPowerCuts,
  },
  { name: 'model', about: 'the replication protocol, and without each rule', run: runModel },
  {
    name: 'simulator',
    about: `${SIMULATED_LIVES} lives of simulated clusters`,
    run: runSimulator,
  },
  { name: 'fuzz', about: `each decoder fuzzed for ${FUZZ_SECONDS} s`, run: runFuzz },
  {
    name: 'integration',
    about: 'against real etcd, PostgreSQL and QEMU',
    run: (context) => runScripts(context, 'integration'),
  },
  { name: 'e2e', about: 'a whole system, its API, console and faults', run: runEndToEnd },
];

async function runChecks() {
  let counts = NOTHING;
  for (const step of checkSteps().filter(({ name }) => name !== 'unit')) {
    counts = addCounts(counts, single((await runCheckStep(step)).ok));
  }
  return counts;
}

/** Runs one npm script (vitest) of every project that has it, two projects at a time. */
async function runScripts({ root, resultsDir }, script) {
  const queue = projectsWith(root, script);
  let counts = NOTHING;
  // Integration tests start servers and guests: one project at a time keeps their timing honest.
  const width = script === 'unit' ? 2 : 1;
  const worker = async () => {
    for (let project = queue.shift(); project !== undefined; project = queue.shift()) {
      const result = await runVitest({ root, resultsDir, project, script });
      counts = addCounts(counts, result);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return counts;
}

async function runVitest({ root, resultsDir, project, script, extra = [] }) {
  const file = join(resultsDir, `${script}-${project.replaceAll('/', '-')}.json`);
  rmSync(file, { force: true });
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const args = ['run', script, '--silent', '--', ...reporters, ...extra];
  const started = performance.now();
  const result = await run('npm', args, {
    cwd: join(root, project),
    env: { ...NX_ENVIRONMENT, CI: 'true' },
  });
  const counts = vitestCounts(file);
  const failed = result.code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (failed.failed > 0) say(lastLines(`${result.stdout}\n${result.stderr}`));
  say(`    ${project}: ${describe(failed)} (${seconds} s)`);
  for (const name of vitestSkipped(file)) say(`    SKIPPED ${project}: ${name}`);
  return failed;
}

async function runNative({ root, resultsDir }) {
  await configure(root, 'sanitize');
  await buildTargets(root, 'sanitize');
  const file = join(resultsDir, 'native.xml');
  rmSync(file, { force: true });
  const args = ['--preset', 'sanitize', '-j', '2', '--output-junit', file];
  const result = await run('ctest', args, { cwd: join(root, 'native') });
  const counts = junitCounts(file);
  if (result.code !== 0) say(lastLines(result.stdout));
  return result.code !== 0 && counts.failed === 0 ? { ...counts, failed: 1 } : counts;
}

async function runPowerCuts({ root }) {
  const cuts = await powercuts(root, { count: POWER_CUTS });
  say(`    ${describeReport(cuts)}`);
  const spoiled = await powercuts(root, { count: SPOILED_STORES, corrupt: true });
  say(`    ${describeReport(spoiled)}`);
  return addCounts(single(cuts.ok), single(spoiled.ok));
}

async function runModel({ root }) {
  const { cases } = await model(root, { quick: true });
  for (const { name, outcome } of cases.filter(({ ok }) => !ok)) say(`    ${name}: ${outcome}`);
  return cases.map(({ ok }) => single(ok)).reduce(addCounts, NOTHING);
}

async function runSimulator({ root }) {
  const report = await simulate(root, { seeds: SIMULATED_LIVES });
  say(`    ${describeSimulation(report)}`);
  return single(report.ok);
}

async function runFuzz({ root }) {
  const results = await fuzz(root, { seconds: FUZZ_SECONDS });
  return results.map(({ ok }) => single(ok)).reduce(addCounts, NOTHING);
}

async function runEndToEnd({ root, resultsDir }) {
  return runVitest({ root, resultsDir, project: 'e2e', script: 'system' });
}

function projectsWith(root, script) {
  const folders = ['libs', 'apps'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  );
  return [...folders, 'tools', 'e2e'].filter((project) => {
    const file = join(root, project, 'package.json');
    if (!existsSync(file)) return false;
    return JSON.parse(readFileSync(file, 'utf8')).scripts?.[script] !== undefined;
  });
}

function describe({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

function lastLines(text) {
  return text.trim().split('\n').slice(-SHOWN_LINES).join('\n');
}

/** A fresh directory for the reports of one run. */
export function makeResultsDir(root) {
  const directory = join(root, 'test-results');
  mkdirSync(directory, { recursive: true });
  return directory;
}
