/** `npm run bench`: one local volume against qemu-storage-daemon on the same disk; never pass or fail. */
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './setup/prepare.mjs';
import { fail } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main() {
  const args = process.argv.slice(2);
  await prepare(root, ['run', 'build', 'test']);
  const command = ['run', 'bench', '--silent', '--', ...args];
  const child = spawn('npm', command, { cwd: join(root, 'e2e'), stdio: 'inherit' });
  process.exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

main().catch(fail);
