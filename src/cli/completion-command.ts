import type { Argv } from 'yargs';
import type { CommandContext } from './command-context.js';
import { exitCodes } from './exit-codes.js';
import { type DeclaredFlag, declaredFlags } from './flags/declared-flags.js';
import { oneOf } from './flags/parse.js';

export const completionFlags = (yargs: Argv) =>
  yargs
    .positional('shell', { type: 'string', demandOption: true, describe: 'bash, zsh or fish' })
    .example('source <($0 completion bash)', 'In ~/.bashrc: commands and flags with the tabulator key')
    .example('source <($0 completion zsh)', 'In ~/.zshrc, behind compinit')
    .example('$0 completion fish | source', 'In ~/.config/fish/config.fish');

/** A command as the table of commands has it. */
interface Described {
  readonly usage: string;
  readonly load: () => Promise<{ flags(yargs: Argv): unknown }>;
}

interface CompletedCommand {
  /** Empty: what runs without a name. */
  readonly name: string;
  readonly flags: readonly string[];
  readonly declared: readonly DeclaredFlag[];
}

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const;

/** Prints a script that completes commands, the flags of each, and file names. Resolves with the exit code. */
export async function completionCommand(
  { shell }: { readonly shell: string },
  commands: readonly Described[],
  { print }: Pick<CommandContext, 'print'>,
): Promise<number> {
  const form = oneOf('completion', shell, Object.keys(scripts) as (keyof typeof scripts)[]);
  const completed = await Promise.all(
    commands.map(async ({ usage, load }): Promise<CompletedCommand> => {
      const [name = ''] = usage.split(' ');
      const declared = declaredFlags((await load()).flags);
      const names = declared.flatMap((flag) => flag.names);
      const flags = names.map((flag) => (flag.length === 1 ? `-${flag}` : `--${flag}`));
      return { name: name === '$0' ? '' : name, flags: [...new Set(flags)].sort(), declared };
    }),
  );
  print(scripts[form](completed));
  return exitCodes.done;
}

const namesOf = (commands: readonly CompletedCommand[]): string =>
  commands
    .map(({ name }) => name)
    .filter((name) => name !== '')
    .join(' ');

/** The flags of the command that is named, of the one without a name otherwise. */
const cases = (commands: readonly CompletedCommand[]): string =>
  commands
    .toSorted((left, right) => right.name.localeCompare(left.name, 'en'))
    .map(({ name, flags }) => `    ${name === '' ? '*' : name}) flags='${flags.join(' ')}' ;;`)
    .join('\n');

function bashScript(commands: readonly CompletedCommand[]): string {
  return `_perf_analyze() {
  local word=\${COMP_WORDS[COMP_CWORD]} flags words=
  case \${COMP_WORDS[1]} in
${cases(commands)}
  esac
  if [[ $word == -* ]]; then words=$flags
  elif [[ $COMP_CWORD == 1 ]]; then words='${namesOf(commands)}'
  fi
  COMPREPLY=($(compgen -W "$words" -- "$word"))
}
complete -o bashdefault -o default -F _perf_analyze perf-analyze
`;
}

function zshScript(commands: readonly CompletedCommand[]): string {
  return `_perf_analyze() {
  local flags
  case \${words[2]} in
${cases(commands)}
  esac
  if [[ $PREFIX == -* ]]; then compadd -- \${=flags}
  elif (( CURRENT == 2 )); then compadd -- ${namesOf(commands)}
  else _files
  fi
}
compdef _perf_analyze perf-analyze
`;
}

/** Commands only at the first place, as the other shells have it: `-m report` names a model. */
function fishScript(commands: readonly CompletedCommand[]): string {
  const lines = commands.flatMap(({ name, declared }) =>
    declared.map(({ names, takesValue }) => {
      const forms = names.map((flag) => (flag.length === 1 ? `-s ${flag}` : `-l ${flag}`));
      return `complete -c perf-analyze -n '_perf_analyze_is "${name}"' ${forms.join(' ')}${takesValue ? ' -r' : ''}`;
    }),
  );
  return `function _perf_analyze_is
  set -l words (commandline -opc)
  set -l command $words[2]
  contains -- "$command" ${namesOf(commands)}; or set command ''
  test "$command" = $argv[1]
end
complete -c perf-analyze -n 'test (count (commandline -opc)) = 1' -a '${namesOf(commands)}'
${[...new Set(lines)].join('\n')}
`;
}
