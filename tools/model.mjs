/** `npm run model`: the checked model of the replication protocol, by the native program. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { buildTargets, configure } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { fail, parseArguments, PlainError, say, step } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const BOUNDS = ['writers', 'writes', 'chunks', 'evictions', 'joins', 'restarts'];
const HELP = `Usage: npm run model -- [--quick] [--case NAME[,NAME]] [--list] [bounds] [--json] [--help]

Explores every state of the replication protocol within bounds, then again without each of its rules:
the protocol must hold, and a missing rule must be noticed (or another one is named that covers it).
Prints the bounds, the states, the verdict, and the shortest way to each violation in words.
  --quick         only the cases that take seconds, as npm test does
  --case NAME     only these cases (--list names them)
  --writers N --writes N --chunks N --evictions N --joins N --restarts N
                  larger bounds; no case gets smaller ones than its own
  --states-max N  give up at this many states (default 100000000, about 5 GB)
  --json          print {"ok", "cases"} on stdout
Exit code 0 only when everything is as expected.`;

/**
 * Builds the program and runs it; resolves with {ok, cases}. `onCase` is called with each case as it
 * ends. Rejects with a PlainError when the program refuses its arguments or dies.
 */
export async function model(checkout, { quick, list, cases = [], limits = {}, onCase }) {
  await configure(checkout, 'release');
  await buildTargets(checkout, 'release', ['cairn-model']);
  const args = cases.flatMap((name) => ['--case', name]);
  if (quick) args.push('--quick');
  if (list) args.push('--list');
  for (const [name, value] of Object.entries(limits)) args.push(`--${name}`, String(value));
  const program = join(checkout, 'native/build/release/sim/model/cairn-model');
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (said += text));
  const ended = new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', resolve);
  });
  const found = [];
  for await (const line of createInterface({ input: child.stdout })) {
    found.push(JSON.parse(line));
    onCase?.(found.at(-1));
  }
  const code = await ended;
  if (code !== 0 && code !== 1) throw new PlainError(`The model failed.\n${said.trim()}`);
  return { ok: code === 0, cases: found };
}

/** The bounds of a case as words: "2 writers, 1 write, …"; what is not modelled is left out. */
export function describeBounds(bounds) {
  return BOUNDS.filter((name) => bounds[name] > (name === 'chunks' ? 1 : 0))
    .map((name) => `${bounds[name]} ${bounds[name] === 1 ? name.slice(0, -1) : name}`)
    .join(', ');
}

const VERDICTS = { holds: 'holds', violated: 'violation found', limit: 'LIMIT REACHED' };

function row({ name, bounds, states, seconds, outcome, ok }) {
  const verdict = `${VERDICTS[outcome]}${ok ? '' : ', UNEXPECTED'}`;
  const figures = `${String(states).padStart(11)} ${seconds.toFixed(1).padStart(7)} s`;
  return `${name.padEnd(21)} ${figures}  ${verdict.padEnd(16)} ${describeBounds(bounds)}`;
}

function headline({ group }) {
  const titles = {
    protocol: 'The rules as first checked',
    mutation: 'The same without one rule (numbers of docs/internals/replication-model.md)',
    extension: 'More of the world',
    'extension mutation': 'The same without one rule',
    engine: 'The protocol as the engine carries it out',
    'engine mutation': 'The same without one rule',
  };
  return `\n${titles[group]}\n${'case'.padEnd(21)}      states    time    verdict          bounds`;
}

/** What a case shows, and the shortest way to its violation. */
function explain({ name, about, because, outcome, violation, trace = [], group }) {
  const missing = group.endsWith('mutation') ? 'without the rule: ' : '';
  const lines = [`\n${name}: ${missing}${about}`];
  if (because !== undefined) lines.push(`  nothing is found, for ${because}`);
  if (violation !== undefined) lines.push(`  ${violation}:`);
  if (outcome === 'limit') lines.push('  given up: nothing is proved; see --states-max');
  trace.forEach((words, index) => lines.push(`  ${String(index + 1).padStart(3)}. ${words}`));
  return lines.join('\n');
}

function printer() {
  let group;
  return (one) => {
    if (one.group !== group) process.stdout.write(`${headline(one)}\n`);
    group = one.group;
    process.stdout.write(`${row(one)}\n`);
  };
}

async function main() {
  const spec = Object.fromEntries([...BOUNDS, 'states-max'].map((name) => [name, 'count']));
  const flags = { quick: 'flag', list: 'flag', case: 'list', json: 'flag', help: 'flag' };
  const options = parseArguments(process.argv.slice(2), { ...spec, ...flags });
  if (options.help) return say(HELP);
  await ensurePackages(root, ['build']);
  await ensureNodeModules(root);
  const { quick, list, json } = options;
  const limits = Object.fromEntries(Object.entries(options).filter(([name]) => name in spec));
  const onCase = json || list ? undefined : printer();
  const explore = () => model(root, { quick, list, cases: options.case, limits, onCase });
  const report = json ? await step('exploring the model', explore) : await explore();
  if (json) process.stdout.write(`${JSON.stringify(report)}\n`);
  else if (list) report.cases.forEach(({ name, about }) => say(`${name.padEnd(21)} ${about}`));
  else {
    process.stdout.write(`${report.cases.map(explain).join('\n')}\n\n`);
    const wrong = report.cases.filter(({ ok }) => !ok).length;
    say(`${report.cases.length} cases, ${wrong} not as expected`);
  }
  process.exitCode = report.ok ? 0 : 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
