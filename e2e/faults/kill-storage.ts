/** `npm run kill-storage -w e2e -- --count N`: the kill loop as a command. Exit code 0 only without a finding. */
import { parseArgs } from 'node:util';
import { killLoop } from './kill-loop';

const USAGE = `kill-storage: kill the storage process under load, again and again, and check every acknowledged write

  --count N        kills (default 100)
  --life-ms N      each life ends after a random time up to this (default 500)
  --writers N      requests under way at a time (default 16)
  --seed N         repeats the plan of another run (default: a new one)
  --directory DIR  where the drive file is made (default: the system's temporary directory)
  --json           one JSON object on standard output
  --help           this text
`;

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      count: { type: 'string', default: '100' },
      'life-ms': { type: 'string', default: '500' },
      writers: { type: 'string', default: '16' },
      seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
      directory: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const seed = wholeNumber('seed', values.seed);
  const result = await killLoop({
    count: wholeNumber('count', values.count),
    lifeMsMax: wholeNumber('life-ms', values['life-ms']),
    writers: wholeNumber('writers', values.writers),
    seed,
    ...(values.directory === undefined ? {} : { directory: values.directory }),
    onKill: ({ kill, acknowledgedWrites, recoveryMs, violations }) => {
      if (values.json) return;
      const state = violations.length === 0 ? 'all there' : `${violations.length} WRONG SECTORS`;
      const line = `kill ${kill}: ${acknowledgedWrites} acknowledged writes, ${state}, served again after ${recoveryMs.toFixed(0)} ms\n`;
      process.stderr.write(line);
    },
  });
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ seed, ...result })}\n`);
  } else {
    const megabytes = (result.acknowledgedBytes / 1e6).toFixed(0);
    process.stdout.write(
      `${result.kills} kills, ${result.acknowledgedWrites} acknowledged writes (${megabytes} MB), ` +
        `${result.violations.length} wrong sectors, slowest recovery ${result.recoveryMsMax.toFixed(0)} ms (seed ${seed})\n`,
    );
    for (const violation of result.violations.slice(0, 20)) console.error(violation);
  }
  return result.violations.length === 0 ? 0 : 1;
}

function wholeNumber(name: string, text: string): number {
  if (!/^[0-9]{1,10}$/.test(text)) throw new Error(`--${name} wants a whole number, not ${text}`);
  return Number(text);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  },
);
