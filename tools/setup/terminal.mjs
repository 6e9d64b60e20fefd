/**
 * What the commands of this repository print. People get short lines on stderr; `--json` gives one
 * JSON document (or one event per line) on stdout and nothing else there.
 */

/** Prints one line for a person. */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/** Runs `work` under a progress line with its duration; an error leaves the line open and passes on. */
export async function step(title, work) {
  const started = performance.now();
  process.stderr.write(`  ${title} … `);
  const result = await work();
  const seconds = (performance.now() - started) / 1000;
  process.stderr.write(
    `${typeof result === 'string' ? result : 'done'} (${seconds.toFixed(1)} s)\n`,
  );
  return result;
}

/** An error whose message is all the user needs: printed without a stack, exit code 1. */
export class PlainError extends Error {}

/** Ends the process with one clear line for a PlainError, with the stack for a defect of ours. */
export function fail(error) {
  say(error instanceof PlainError ? `\n${error.message}` : (error?.stack ?? String(error)));
  process.exit(1);
}

/**
 * Parses `--name value` and `--flag` arguments. `spec` maps names to 'flag', 'string', 'count' or
 * 'list'; an unknown argument or a malformed number is a PlainError that names it.
 */
export function parseArguments(argv, spec) {
  const options = {};
  for (let index = 0; index < argv.length; index += 1) {
    const [name, inline] = splitArgument(argv[index]);
    const kind = spec[name];
    if (kind === undefined) throw new PlainError(`Unknown argument ${argv[index]}. Try --help.`);
    if (kind === 'flag') {
      if (inline !== undefined) throw new PlainError(`--${name} takes no value.`);
      options[name] = true;
      continue;
    }
    const value = inline ?? argv[(index += 1)];
    if (value === undefined) throw new PlainError(`--${name} needs a value.`);
    if (kind === 'list') options[name] = [...(options[name] ?? []), ...value.split(',')];
    else options[name] = kind === 'count' ? parseCount(name, value) : value;
  }
  return options;
}

function splitArgument(argument) {
  if (!argument.startsWith('--')) return [argument, undefined];
  const equals = argument.indexOf('=');
  return equals < 0
    ? [argument.slice(2), undefined]
    : [argument.slice(2, equals), argument.slice(equals + 1)];
}

function parseCount(name, value) {
  if (!/^\d{1,15}$/.test(value)) throw new PlainError(`--${name} needs a whole number.`);
  return Number(value);
}
