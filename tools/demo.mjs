/**
 * `npm run demo`: gives the node that `npm start` runs a demo guest and prints the line the guest says
 * on its console. Uses the CLI with the node's own token, so it needs to read the data directory.
 */
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fail, parseArguments, PlainError, say } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const HELP = `Usage: npm run demo -- [--data DIR] [--name NAME] [--json]

Builds the demo image (a kernel and busybox, seconds), makes a VM of it, starts it and prints the line
it says on its serial console. Needs a node that \`npm start\` runs. A second run finds all of it.`;

async function main() {
  const spec = { data: 'string', name: 'string', json: 'flag', help: 'flag' };
  const options = parseArguments(process.argv.slice(2), spec);
  if (options.help) return say(HELP);
  const address = runningNode(
    resolve(options.data ?? process.env.CAIRN_DATA ?? join(root, '.cairn')),
  );
  const args = [join(root, 'apps/cli/bin/cairn.cjs'), 'demo'];
  if (options.name !== undefined) args.push('--name', options.name);
  if (options.json) args.push('--json');
  const child = spawn(process.execPath, args, {
    stdio: 'inherit',
    env: {
      ...process.env,
      CAIRN_SERVER: address.url,
      CAIRN_TOKEN_FILE: join(address.secretsDir, 'local-token'),
      CAIRN_FINGERPRINT: address.fingerprint,
    },
  });
  process.exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

/** The address that the supervisor of this data directory left. */
function runningNode(data) {
  const layoutModule = join(root, 'tools/dist/supervisor/layout.js');
  const notRunning = new PlainError(`No Cairn runs on ${data}; start it with npm start.`);
  if (!existsSync(layoutModule)) throw notRunning;
  const { layoutOf } = createRequire(import.meta.url)(layoutModule);
  const identity = { uid: process.getuid(), userRuntimeDir: process.env.XDG_RUNTIME_DIR };
  const file = join(layoutOf(data, identity).runDir, 'ready.json');
  if (!existsSync(file)) throw notRunning;
  return JSON.parse(readFileSync(file, 'utf8'));
}

main().catch(fail);
