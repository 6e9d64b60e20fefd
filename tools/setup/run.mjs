/** Child processes of the set-up: always an argument vector, never a shell line. */
import { spawn } from 'node:child_process';
import { PlainError } from './terminal.mjs';

const TAIL_LINES = 40;

/**
 * Runs a program and resolves with {code, stdout, stderr}. Output is captured; with `echo` it goes to
 * stderr as it comes. Rejects only when the program cannot be started.
 */
export function run(command, args, { cwd, env, input, echo = false } = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd, env: { ...process.env, ...env } });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr']) {
      child[name].setEncoding('utf8').on('data', (text) => {
        output[name] += text;
        if (echo) process.stderr.write(text);
      });
    }
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code: code ?? 128, signal, ...output }));
    child.stdin.on('error', () => undefined);
    child.stdin.end(input ?? '');
  });
}

/** Like run, but a non-zero exit is a PlainError that carries the last lines of the output. */
export async function mustRun(what, command, args, options) {
  const result = await run(command, args, options).catch((error) => {
    throw new PlainError(`${what} could not start ${command}: ${error.message}`);
  });
  if (result.code === 0) return result;
  const tail = `${result.stdout}\n${result.stderr}`
    .trim()
    .split('\n')
    .slice(-TAIL_LINES)
    .join('\n');
  const ending = result.signal ? `signal ${result.signal}` : `exit code ${result.code}`;
  throw new PlainError(`${what} failed (${ending}):\n${tail}`);
}
