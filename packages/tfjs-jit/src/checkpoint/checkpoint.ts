import { add, clone, engine, keep, mul, sum, Tensor, tidy, zerosLike } from '@tensorflow/tfjs-core';
import { flatten, type Structure, unflatten } from '../tree.js';
import { barrier } from './barrier.js';
import { apart, gradientsInside, isTaping, type TapeNode } from './tape.js';

/**
 * Trades time for memory: the returned function computes the same as `fn`, but a gradient through it keeps only its
 * arguments and runs `fn` a second time on the way back, instead of keeping what `fn` computed in between.
 *
 * Works compiled and op by op. Gradients reach the tensors among the arguments and those that `fn` closes over, such as
 * parameters. In a compiled function only what depends on the arguments is computed again, so pass activations as arguments.
 *
 * @param fn - pure and synchronous; arguments and result are trees of tensors, as for `jit`.
 * @returns a function of the same arguments. Outside of a gradient it is `fn`.
 * @throws {RangeError} when `fn` closes over a tensor made in the function being differentiated: that will be gone on the
 *   way back.
 * @see Chen et al. 2016, Training Deep Nets with Sublinear Memory Cost.
 */
export function checkpoint<Args extends readonly unknown[], Result>(
  fn: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    if (!isTaping()) return fn(...args);
    const given = flatten([...args], 'the arguments of a checkpointed function');
    let structure: Structure = { kind: 'static', value: undefined };
    const { result: outputs, tape } = apart(() =>
      tidy(() => {
        const returned = flatten(fn(...args), 'the result of a checkpointed function');
        structure = returned.structure;
        // An argument may come back as it is: as an output it is another tensor.
        return returned.tensors.map((tensor) => clone(tensor));
      }),
    );
    const used = usedBy(tape);
    refuseIntermediates(used.filter((tensor) => !given.tensors.includes(tensor)));
    const distinct = [...new Set(given.tensors)];
    const saved = distinct.map((tensor) => keep(clone(tensor)));
    note({
      inputs: { ...used } as never,
      outputs,
      saved,
      gradient(this: TapeNode, dys) {
        // The tape calls this on a copy of the node that lists only the inputs whose gradients are wanted.
        const wanted = Object.keys(this.inputs).map(Number);
        const arrived = dys.filter(isTensor);
        const replaced = new Map(distinct.map((tensor, i) => [tensor, barrier(saved[i] as Tensor, arrived)]));
        const again = (tensor: Tensor): Tensor => replaced.get(tensor) ?? tensor;
        const xs = wanted.map((i) => again(used[i] as Tensor));
        const rerun = (): readonly Tensor[] => {
          const inner = unflatten(given.structure, given.tensors.map(again)) as unknown as Args;
          return flatten(fn(...inner), 'the result of a checkpointed function').tensors;
        };
        const grads = tidy(() => {
          const made = differentiate(rerun, xs, dys).map((grad, k) => grad ?? zerosLike(xs[k] as Tensor));
          // All of them before the gradient goes on: what was computed again is then needed no more.
          return made.map((grad, k) =>
            replaced.has(used[wanted[k] as number] as Tensor) ? barrier(grad, made) : grad,
          );
        });
        return Object.fromEntries(wanted.map((i, k) => [i, () => grads[k] as Tensor]));
      },
    });
    return unflatten(structure, outputs) as Result;
  };
}

/** What a tape's calls took from outside. */
function usedBy(tape: readonly TapeNode[]): Tensor[] {
  const made = new Set<Tensor>(tape.flatMap((node) => node.outputs));
  const inputs = new Set(tape.flatMap((node) => Object.values(node.inputs)));
  return [...inputs].filter((tensor) => !made.has(tensor) && !tensor.isDisposed);
}

function refuseIntermediates(closedOver: readonly Tensor[]): void {
  const made = new Set(engine().state.activeTape.flatMap((node) => node.outputs));
  const gone = closedOver.find((tensor) => made.has(tensor) && !tensor.kept);
  if (gone === undefined) return;
  throw new RangeError(
    'checkpoint: expected the function to close over tensors that are there before the gradient is taken, got ' +
      `${gone.dtype}[${gone.shape}] made on the way. Pass it as an argument.`,
  );
}

/** Gradients of what `run` returns at the output gradients `dys`; none for an output that nothing depends on. */
function differentiate(
  run: () => readonly Tensor[],
  xs: readonly Tensor[],
  dys: readonly (Tensor | null)[],
): (Tensor | undefined)[] {
  const used = dys.flatMap((dy, i) => (dy === null ? [] : [{ dy, i }]));
  const [only] = used;
  if (only !== undefined && used.length === 1) return gradientsInside(() => run()[only.i] as Tensor, xs, only.dy);
  const inner = (): Tensor => {
    const outputs = run();
    return used.map(({ dy, i }) => sum(mul(outputs[i] as Tensor, dy))).reduce((a, b) => add(a, b));
  };
  return gradientsInside(inner, xs, undefined);
}

const isTensor = (value: unknown): value is Tensor => value instanceof Tensor;

/** Puts a call on the tape in progress. */
function note(call: Pick<TapeNode, 'inputs' | 'outputs'> & { saved: Tensor[]; gradient: TapeNode['gradient'] }): void {
  const { state } = engine();
  state.activeTape.push({ id: state.nextTapeNodeId++, kernelName: 'checkpoint', ...call } as TapeNode);
}
