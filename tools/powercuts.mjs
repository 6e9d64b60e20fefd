/** `npm run powercuts`: simulated power cuts of a store, by the native program. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildTargets, configure } from './setup/build.mjs';
import { ensureNodeModules } from './setup/node-modules.mjs';
import { ensurePackages } from './setup/packages.mjs';
import { run } from './setup/run.mjs';
import { fail, say } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HELP = `Usage: npm run powercuts -- --count N [--seed S] [--json]

Runs N lives of a store on a simulated drive; each ends in a power cut that keeps any subset of the
unflushed sectors, and the next one checks every block against what was acknowledged. Prints counts,
losses and wrong reads. A finding names its seed. Exit code 0 only with no loss and no wrong read.`;

/** Builds the program and runs it with its output captured: {code, stdout, stderr}. */
export async function powercuts(checkout, args) {
  return run(await program(checkout), args);
}

async function program(checkout) {
  await configure(checkout, 'release');
  await buildTargets(checkout, 'release', ['cairn-powercuts']);
  return join(checkout, 'native/build/release/sim/cairn-powercuts');
}

async function main() {
  const args = process.argv.slice(2);
  if (args.includes('--help')) return say(HELP);
  await ensurePackages(root, ['build']);
  await ensureNodeModules(root);
  const child = spawn(await program(root), args, { stdio: 'inherit' });
  process.exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main().catch(fail);
