import type { HelpConfiguration, Option } from 'commander';

/** Help whose defaults read as they would be typed: `fd`, not `"fd"`. Set it before commands are added, which take it over. */
export const READABLE_HELP: HelpConfiguration = {
  optionDescription(option: Option): string {
    const { argChoices, defaultValue, defaultValueDescription, description } = option;
    const notes = [
      ...(argChoices ? [`choices: ${argChoices.join(', ')}`] : []),
      ...(hasDefault(option) ? [`default: ${defaultValueDescription ?? String(defaultValue)}`] : []),
    ];
    return notes.length > 0 ? `${description} (${notes.join('; ')})`.trim() : description;
  },
};

/** A switch that is off, and an option that has nothing, say nothing. */
const hasDefault = (option: Option): boolean =>
  option.defaultValue !== undefined && !(typeof option.defaultValue === 'boolean' && option.isBoolean());
