/**
 * Shell completion. The script of each shell asks the hidden command `__complete` for candidates, which walks the same
 * command tree that parses the command line, so the two cannot disagree.
 */
import type { Command, Option } from 'commander';

export const shells = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof shells)[number];

const scripts: Readonly<Record<Shell, string>> = {
  bash: `_cairn() {
  local IFS=$'\\n'
  COMPREPLY=($(cairn __complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2>/dev/null))
}
complete -o default -F _cairn cairn`,
  zsh: `#compdef cairn
_cairn() {
  local -a candidates
  candidates=(\${(f)"$(cairn __complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if (( \${#candidates} )); then compadd -a candidates; else _files; fi
}
compdef _cairn cairn`,
  fish: `function __cairn_complete
  set -l words (commandline -opc) (commandline -ct)
  cairn __complete -- $words[2..-1] 2>/dev/null
end
complete -c cairn -f -a '(__cairn_complete)'`,
};

export function completionScript(shell: Shell): string {
  return scripts[shell];
}

/** What names an argument may have, for example the names of all VMs; empty when nobody knows. */
export type ArgumentNames = (argument: string) => Promise<readonly string[]>;

/** Candidates for the last of `words`; the words before it are complete. */
export async function candidatesFor(
  program: Command,
  words: readonly string[],
  argumentNames: ArgumentNames,
): Promise<string[]> {
  const current = words.at(-1) ?? '';
  const position = walk(program, words.slice(0, -1));
  if (position.valueOf !== undefined) return matching(position.valueOf.argChoices ?? [], current);
  if (current.startsWith('-')) return matching(flagsOf(position.command), current);
  const subcommands = position.command.commands
    .map((command) => command.name())
    .filter((name) => !name.startsWith('_'));
  if (subcommands.length > 0) return matching([...subcommands, 'help'], current);
  const args = position.command.registeredArguments;
  const last = args.at(-1);
  const argument = args[position.argumentIndex] ?? (last?.variadic === true ? last : undefined);
  if (argument === undefined) return [];
  return matching(argument.argChoices ?? (await argumentNames(argument.name())), current);
}

interface Position {
  readonly command: Command;
  readonly argumentIndex: number;
  /** The option whose value comes next. */
  readonly valueOf: Option | undefined;
}

function walk(program: Command, words: readonly string[]): Position {
  let command = program;
  let argumentIndex = 0;
  let valueOf: Option | undefined;
  for (const word of words) {
    if (valueOf !== undefined) valueOf = undefined;
    else if (word.startsWith('-')) {
      const option = optionsOf(command).find(({ short, long }) => word === short || word === long);
      valueOf = option?.required === true ? option : undefined;
    } else {
      const next = command.commands.find(
        (sub) => sub.name() === word || sub.aliases().includes(word),
      );
      if (next === undefined) argumentIndex += 1;
      else [command, argumentIndex] = [next, 0];
    }
  }
  return { command, argumentIndex, valueOf };
}

/** The options of a command and of the commands above it. */
function optionsOf(command: Command): readonly Option[] {
  const own = command.options.filter((option) => !option.hidden);
  return command.parent === null ? own : [...own, ...optionsOf(command.parent)];
}

function flagsOf(command: Command): string[] {
  return [...optionsOf(command).flatMap((option) => option.long ?? []), '--help'];
}

function matching(candidates: readonly string[], start: string): string[] {
  return [...new Set(candidates)].filter((candidate) => candidate.startsWith(start)).sort();
}
