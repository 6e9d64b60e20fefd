/**
 * `npm start`: sets this checkout up where something is missing, then runs the node's supervisor.
 * Needs nothing but Node.js: it runs before the packages are installed.
 */
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline/promises';
import { fileURLToPath } from 'node:url';
import { prepare } from './setup/prepare.mjs';
import { fail, parseArguments, PlainError, say } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const LOCK_HELD = 75;
const HELP = `Usage: npm start -- [options]

Sets Cairn up (Debian packages, npm packages, builds) where something is missing, and starts a node:
etcd, PostgreSQL, cairn-storage and cairn-node. Ctrl-C shuts the guests down and stops all of it.

  --data DIR       the data directory (default: CAIRN_DATA, or .cairn in this checkout)
  --listen A:P     where the console and the API listen (default: CAIRN_LISTEN, or 127.0.0.1:8443;
                   0.0.0.0:8443 opens it to the network)
  --nodes N        how many nodes to start; this version runs 1
  --reset          delete the data directory first; asks before it does
  --yes            with --reset: do not ask
  --services LIST  start only these of etcd,postgresql,cairn-storage,cairn-node (development)
  --no-setup       skip the set-up: everything is built already
  --json           one JSON event per line on stdout ("ready" carries the address)
  --help           this text

CAIRN_DATABASE_URL names a PostgreSQL server of your own instead of the embedded one.`;

const OPTIONS = {
  ...{ data: 'string', listen: 'string', nodes: 'count', services: 'string' },
  ...{ reset: 'flag', yes: 'flag', 'no-setup': 'flag', json: 'flag', help: 'flag' },
};

async function main() {
  const options = parseArguments(process.argv.slice(2), OPTIONS);
  if (options.help) return say(HELP);
  if ((options.nodes ?? 1) !== 1) {
    throw new PlainError('This version of Cairn runs one node; several nodes are not there yet.');
  }
  const data = resolve(options.data ?? process.env.CAIRN_DATA ?? join(root, '.cairn'));
  if (options.reset) await reset(data, options.yes === true);
  if (!options['no-setup']) await prepare(root, ['run', 'build']);
  mkdirSync(join(data, 'n1'), { recursive: true });
  process.exitCode = await supervise(data, options);
}

/** Deletes the data directory, after the user typed its name's last part. */
async function reset(data, confirmed) {
  if (!existsSync(data)) return;
  if (!existsSync(join(data, 'n1', 'node.json'))) {
    throw new PlainError(`${data} does not look like a data directory of Cairn; nothing deleted.`);
  }
  if (await isRunning(data))
    throw new PlainError('Cairn runs on this data directory; stop it first.');
  if (!confirmed) {
    if (!process.stdin.isTTY) throw new PlainError('--reset needs a terminal, or --yes.');
    say(`This deletes every VM, image and setting in ${data}.`);
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    const answer = await prompt.question('Type "delete" to go on: ');
    prompt.close();
    if (answer.trim() !== 'delete') throw new PlainError('Nothing was deleted.');
  }
  rmSync(data, { recursive: true, force: true });
  say(`Deleted ${data}.`);
}

async function isRunning(data) {
  const lock = join(data, 'n1', 'supervisor.lock');
  if (!existsSync(lock)) return false;
  const child = spawn('flock', ['--nonblock', '--conflict-exit-code', '75', lock, 'true']);
  return (await new Promise((done) => child.once('close', done))) === LOCK_HELD;
}

/**
 * Runs the supervisor as a child that holds the data directory's lock; the lock is the kernel's and
 * ends with the process, however it ends. The supervisor dies with us (and stops cleanly then).
 */
async function supervise(data, options) {
  const lock = join(data, 'n1', 'supervisor.lock');
  const program = join(root, 'tools/dist/supervisor/main.js');
  if (!existsSync(program)) throw new PlainError('Cairn is not built; start without --no-setup.');
  const held = [
    'flock',
    '--nonblock',
    '--no-fork',
    '--conflict-exit-code',
    String(LOCK_HELD),
    lock,
  ];
  const node = [process.execPath, program, ...(options.json ? ['--json'] : [])];
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', '--', ...held, ...node], {
    stdio: 'inherit',
    // Its own session: Ctrl-C comes to us alone, and the supervisor gets each signal once.
    detached: true,
    env: {
      ...process.env,
      CAIRN_DATA: data,
      CAIRN_LISTEN: options.listen ?? process.env.CAIRN_LISTEN ?? '127.0.0.1:8443',
      ...(options.services === undefined ? {} : { CAIRN_SERVICES: options.services }),
    },
  });
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(name, () => child.kill(name));
  const code = await new Promise((done) => child.once('close', (status) => done(status ?? 1)));
  if (code === LOCK_HELD) {
    throw new PlainError(`Cairn already runs on ${data}; one start per data directory.`);
  }
  return code;
}

main().catch(fail);
