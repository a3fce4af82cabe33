import { type Command, InvalidArgumentError, Option } from 'commander';

/** Names for where results go: whichever a command calls it, it takes the others too. */
const NAMES = ['outdir', 'dest', 'output'] as const;

/**
 * Adds the option that says where results go.
 *
 * @param flags - `--outdir <folder>`: the name that help shows and that the command's options have.
 */
export function withDestination(command: Command, flags: string, description: string): Command {
  const [, shown = '', value = ''] = /^--(\w+) (<\w+>)$/.exec(flags) ?? [];
  let given: { readonly name: string; readonly text: string } | undefined;
  const only =
    (name: string) =>
    (text: string): string => {
      if (given && given.name !== name && given.text !== text)
        throw new InvalidArgumentError(`It is another name of --${given.name}, which says ${given.text}. Give one.`);
      given = { name, text };
      return text;
    };
  command.addOption(new Option(flags, description).argParser(only(shown)));
  for (const name of NAMES) {
    if (name === shown) continue;
    command.addOption(new Option(`--${name} ${value}`).argParser(only(name)).hideHelp());
    command.on(`option:${name}`, (text: string) => command.setOptionValueWithSource(shown, text, 'cli'));
  }
  return command;
}
