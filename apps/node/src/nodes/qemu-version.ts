// The version of the installed QEMU, asked once.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
let asked: Promise<string | null> | null = null;

/** For example `7.2.22`; null where QEMU is not installed. */
export async function qemuVersion(): Promise<string | null> {
  asked ??= run('qemu-system-x86_64', ['--version'], { timeout: 5_000 }).then(
    ({ stdout }) => /version (\S+)/.exec(stdout)?.[1] ?? null,
    () => null,
  );
  return asked;
}
