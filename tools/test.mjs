/** `npm test`: everything that continuous integration runs, set-up included. */
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './setup/prepare.mjs';
import { fail, parseArguments, PlainError, say } from './setup/terminal.mjs';
import { NOTHING, addCounts } from './testing/results.mjs';
import { makeResultsDir, STAGES } from './testing/stages.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HELP = `Usage: npm test -- [--only STAGE[,STAGE]] [--list] [--json] [--help]

Sets the checkout up and runs every test. The last line is "N passed, N failed, N skipped".
  --only   run only these stages
  --list   print the stages
  --json   print {"ok", "passed", "failed", "skipped", "stages"} on stdout
Exit code 0 only when nothing failed.

Stages:
${STAGES.map(({ name, about }) => `  ${name.padEnd(12)} ${about}`).join('\n')}`;

async function main() {
  const spec = { only: 'list', list: 'flag', json: 'flag', help: 'flag', 'no-setup': 'flag' };
  const options = parseArguments(process.argv.slice(2), spec);
  if (options.help) return say(HELP);
  if (options.list) return STAGES.forEach(({ name }) => process.stdout.write(`${name}\n`));
  const selected = selectStages(options.only);
  if (!options['no-setup']) await prepare(root, ['run', 'build', 'test']);
  const context = { root, resultsDir: makeResultsDir(root) };
  const stages = [];
  for (const stage of selected) stages.push(await runStage(stage, context));
  summarise(stages, options.json === true);
}

function selectStages(only) {
  if (only === undefined) return STAGES;
  for (const name of only) {
    if (!STAGES.some((stage) => stage.name === name)) throw new PlainError(`No stage ${name}.`);
  }
  return STAGES.filter(({ name }) => only.includes(name));
}

async function runStage({ name, about, run }, context) {
  say(`\n== ${name}: ${about}`);
  const started = performance.now();
  const counts = await run(context).catch((error) => {
    say(error instanceof PlainError ? error.message : error.stack);
    return { ...NOTHING, failed: 1 };
  });
  return { name, ...counts, seconds: Math.round((performance.now() - started) / 100) / 10 };
}

function summarise(stages, json) {
  const total = stages.reduce(addCounts, NOTHING);
  say('');
  for (const { name, passed, failed, skipped, seconds } of stages) {
    const counts = `${passed} passed, ${failed} failed, ${skipped} skipped`;
    say(`  ${failed === 0 ? 'ok    ' : 'FAILED'} ${name.padEnd(12)} ${seconds} s  ${counts}`);
  }
  const seconds = Math.round(stages.reduce((sum, stage) => sum + stage.seconds, 0));
  say(`  all stages took ${seconds} s\n`);
  const ok = total.failed === 0;
  if (json) process.stdout.write(`${JSON.stringify({ ok, ...total, seconds, stages })}\n`);
  else
    process.stdout.write(
      `${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped\n`,
    );
  process.exitCode = ok ? 0 : 1;
}

main().catch(fail);
