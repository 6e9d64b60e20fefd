/** The whole command line: every command, its help, and how it ends. */
import { Command, CommanderError, Option } from 'commander';
import { accessHelp } from './help';
import { tokenCommands, userCommands } from './commands/access';
import { apiCommand } from './commands/api';
import { clusterCommands, nodeCommands, taskCommands } from './commands/cluster';
import { completionCommands } from './commands/completion';
import { demoCommand } from './commands/demo';
import { eventCommands } from './commands/event';
import { loginCommands } from './commands/login';
import { imageCommands, isoCommands } from './commands/media';
import { driveCommands, volumeCommands } from './commands/storage';
import { vmCommands } from './commands/vm';
import { errorLines, ExitCode, exitCodeOf } from './exit';
import { outputFormats } from './output';
import { printLine, type World } from './world';

export const VERSION = '0.1.0';

export function buildProgram(world: World): Command {
  const program = new Command('cairn')
    .description('Operate a Cairn cluster.')
    .version(VERSION)
    .addOption(
      new Option('-o, --output <format>', 'how to print results')
        .choices(outputFormats)
        .default('table'),
    )
    .addOption(new Option('--json', 'the same as -o json').implies({ output: 'json' }))
    .showHelpAfterError('(see --help)')
    .addHelpText('after', accessHelp);
  loginCommands(program, world);
  clusterCommands(program, world);
  nodeCommands(program, world);
  driveCommands(program, world);
  vmCommands(program, world);
  volumeCommands(program, world);
  imageCommands(program, world);
  isoCommands(program, world);
  taskCommands(program, world);
  eventCommands(program, world);
  userCommands(program, world);
  tokenCommands(program, world);
  demoCommand(program, world);
  apiCommand(program, world);
  completionCommands(program, world);
  return prepared(program, world);
}

/** Output through the world, exits as errors: for every command of the tree. */
function prepared(command: Command, world: World): Command {
  command.exitOverride().configureOutput({
    writeOut: (text) => world.stdout.write(text),
    writeErr: (text) => world.stderr.write(text),
  });
  for (const sub of command.commands) prepared(sub, world);
  return command;
}

/** Runs one command line, without the program's name. Never throws; the result is the exit code. */
export async function runCommand(words: readonly string[], world: World): Promise<ExitCode> {
  try {
    await buildProgram(world).parseAsync([...words], { from: 'user' });
    return ExitCode.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? ExitCode.ok : ExitCode.usage;
    for (const line of errorLines(error)) printLine(world.stderr, line);
    return exitCodeOf(error);
  }
}
