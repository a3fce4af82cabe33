import type { Forms } from './forms.js';

/** Compiled functions of the same code, alive at once, after which it is likely that they are made in a loop and forgotten. */
const MANY = 10;
/** Characters of a function's code that a message shows. */
const SHOWN = 60;

/** How many compiled functions there are of each code. */
const alive = new Map<string, number>();

/** What is known of one function that `jit` gave out. It holds neither that function nor what it was made of. */
export interface Tally {
  /**
   * Notes that the function holds something compiled.
   *
   * @param code - its text.
   */
  compiled(code: string, warn: (message: string) => void): void;
  /** Notes that it does not any more. */
  freed(): void;
}

function tally(): Tally {
  let counted: string | undefined;
  return {
    compiled(code, warn) {
      if (counted !== undefined) return;
      counted = code;
      const count = (alive.get(code) ?? 0) + 1;
      alive.set(code, count);
      if (count !== MANY) return;
      const line = code.replace(/\s+/g, ' ');
      const shown = line.length > SHOWN ? `${line.slice(0, SHOWN)}…` : line;
      warn(
        `jit: ${MANY} compiled functions of the same code are held at once, each of which compiled it: ${shown}. Call jit once, ` +
          'outside the loop, and pass what differs as arguments; or call dispose() on each of them when it is done.',
      );
    },
    freed() {
      if (counted === undefined) return;
      const count = (alive.get(counted) ?? 0) - 1;
      if (count > 0) alive.set(counted, count);
      else alive.delete(counted);
      counted = undefined;
    },
  };
}

const registry = new FinalizationRegistry<{ forms: Forms; tally: Tally }>(({ forms, tally }) => {
  forms.dispose();
  tally.freed();
});

/** Frees the forms of a function once nobody holds it any more, when memory is collected. */
export function freeWhenForgotten(compiled: object, forms: Forms): Tally {
  const made = tally();
  registry.register(compiled, { forms, tally: made });
  return made;
}
