/** Options that many commands share. */
import { Option, type Command } from 'commander';
import { parseCount } from '../units';

/** For a command whose work is a task. */
export function withTask(command: Command): Command {
  return command
    .option('-w, --wait', 'wait for the end and show the progress')
    .addOption(
      new Option('--timeout <seconds>', 'wait, but give up after this time; the task goes on')
        .argParser(parseCount)
        .implies({ wait: true }),
    );
}

export function withDryRun(command: Command): Command {
  return command.option('-n, --dry-run', 'show what would happen and change nothing');
}

/** For a command that lists things. */
export function withFilter(command: Command): Command {
  return command
    .option('-q, --query <filter>', 'for example: state:running tag:web -name:test')
    .option('--sort <fields>', 'fields separated by commas, - before a field for descending order');
}

/** An option that may be given several times; the values come as an array. */
export function repeatable(flags: string, description: string): Option {
  return new Option(flags, description).argParser<string[]>((value, previous) => [
    ...(Array.isArray(previous) ? previous : []),
    value,
  ]);
}

/** `a,b` of an option as a list. */
export function parseList(text: string): string[] {
  return text.split(',').filter((item) => item !== '');
}

/** Only the properties that were given: an absent property changes nothing, in a patch as in a query. */
export function given<Values extends object>(
  values: Values,
): { [Key in keyof Values]?: Exclude<Values[Key], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [Key in keyof Values]?: Exclude<Values[Key], undefined>;
  };
}
