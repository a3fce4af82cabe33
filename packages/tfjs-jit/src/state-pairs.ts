/**
 * Which output of a function is the next call's input: state goes in as an argument and comes out under the same name,
 * `0.params.w` as `state.params.w`.
 *
 * @param inputs - paths of the input tensors; the first step is the argument's position.
 * @param outputs - paths of the output tensors.
 * @returns output position → input position.
 */
export function pairState(inputs: readonly string[], outputs: readonly string[]): Map<number, number> {
  const bySuffix = new Map<string, number>();
  outputs.forEach((path, i) => {
    for (const suffix of suffixes(path)) if (!bySuffix.has(suffix)) bySuffix.set(suffix, i);
  });
  const pairs = new Map<number, number>();
  inputs.forEach((path, input) => {
    const dot = path.indexOf('.');
    const output = bySuffix.get(dot < 0 ? '' : path.slice(dot + 1));
    if (output !== undefined && !pairs.has(output)) pairs.set(output, input);
  });
  return pairs;
}

/** The path and every part of it behind a dot; the whole result for a function that returns one tensor. */
function suffixes(path: string): string[] {
  const steps = path.split('.');
  return steps.map((_, i) => steps.slice(i).join('.'));
}

/** Position of the argument that a path of the argument list begins with. */
export const argumentOf = (path: string): number => Number.parseInt(path, 10);
