/** `npm run bench`: what a volume and the start of a VM cost, measured; never pass or fail. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepare } from './setup/prepare.mjs';
import { fail } from './setup/terminal.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main() {
  const args = process.argv.slice(2);
  // Help needs no set-up.
  if (args.includes('--help')) {
    process.stdout.write(readFileSync(join(root, 'e2e/performance/usage.txt'), 'utf8'));
    return;
  }
  await prepare(root, ['run', 'build', 'test']);
  const command = ['run', 'bench', '--silent', '--', ...args];
  const child = spawn('npm', command, { cwd: join(root, 'e2e'), stdio: 'inherit' });
  process.exitCode = await new Promise((done) => child.once('close', (code) => done(code ?? 1)));
}

main().catch(fail);
