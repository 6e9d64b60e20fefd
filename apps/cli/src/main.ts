#!/usr/bin/env node
/** The process around the command line: streams, signals, exit code. */
import { homedir, hostname } from 'node:os';
import { runCommand } from './program';

const interrupt = new AbortController();
process.once('SIGINT', () => {
  interrupt.abort();
  // A second Ctrl-C ends at once.
  process.once('SIGINT', () => process.exit(130));
});
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  // The reader, such as `head`, has seen enough.
  process.exit(error.code === 'EPIPE' ? 0 : 1);
});

void runCommand(process.argv.slice(2), {
  env: process.env,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  homeDir: homedir(),
  hostName: hostname(),
  now: () => new Date(),
  signal: interrupt.signal,
}).then((code) => {
  process.exitCode = code;
});
