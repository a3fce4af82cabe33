import { OptionError, type OptionName, phemaOption } from '@edm2/phema/node';

/** Options of phema that some command here has, by their names there. */
export type Spellings = Readonly<Partial<Record<OptionName, string>>>;

/**
 * Runs work whose errors name options of phema, and gives them this command's spelling. What has none here can be given to phema's own command.
 *
 * @throws {Error} (rejects) in the command's words; any other as it is.
 */
export async function inOwnWords<T>(spellings: Spellings, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    const spelled = (name: OptionName): string => spellings[name] ?? `${phemaOption(name)} of phema`;
    throw new Error(error.spelled(spelled), { cause: error });
  }
}
