import '@tensorflow/tfjs'; // registers the gradients
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs-core';
import fc from 'fast-check';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import type { ArgumentCall, ArgumentCase } from './argument-cases/argument-case.js';
import { arithmetic } from './argument-cases/arithmetic.js';
import { indexing } from './argument-cases/indexing.js';
import { moving } from './argument-cases/moving.js';
import { windows } from './argument-cases/windows.js';
import { expectCoverage, noteKernels } from './coverage.js';
import { describeEngines } from './engines.js';

beforeAll(async () => {
  await tf.setBackend('cpu');
});

/** What a call came to: the tensors' contents, or the error that refused it. */
type Outcome = { readonly refused: string } | { readonly tensors: readonly Contents[] };

interface Contents {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly values: readonly number[];
}

function contents({ shape, dtype, dataId }: tf.Tensor): Contents {
  const values = Array.from(tf.engine().readSync(dataId) as ArrayLike<number>);
  // The cpu backend leaves bytes of any value behind arithmetic on bool, and numbers behind tensors without elements.
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, dtype, values: values.slice(0, size).map((x) => (dtype === 'bool' ? Number(x !== 0) : x)) };
}

function outcomeOf(run: () => tf.Tensor | tf.Tensor[]): Outcome {
  tf.engine().startScope();
  try {
    const made = run();
    return { tensors: (made instanceof tf.Tensor ? [made] : made).map(contents) };
  } catch (error) {
    return { refused: (error as Error).message };
  } finally {
    tf.engine().endScope();
  }
}

const onCpu = ({ fn, inputs }: ArgumentCall): Outcome => outcomeOf(() => fn(...inputs()));

function onEngine(engine: Engine, { fn, inputs }: ArgumentCall): Outcome {
  const compiled = jit((...xs: tf.Tensor[]) => fn(...xs), { engine });
  try {
    return noteKernels(false, () => outcomeOf(() => compiled(...inputs())));
  } finally {
    compiled.dispose();
  }
}

function close(a: Contents, b: Contents, tolerance: number): boolean {
  const size = Math.max(0, ...a.values.filter(Number.isFinite).map(Math.abs));
  return a.values.every((x, i) => {
    const y = b.values[i] ?? 0;
    return x === y || (Number.isNaN(x) && Number.isNaN(y)) || Math.abs(x - y) <= tolerance * size;
  });
}

const isEmpty = ({ shape }: Contents): boolean => shape.includes(0);

/** What the engine may say that cpu does not: refusals of what cpu answers with shapes and values of nobody. */
const STRICTER =
  /Tensor must have a shape comprised of positive integers|negative begin indexing|should be larger than 0|Filters should have elements|pad must be|is reckoned by the filter's height|expected \d+ pairs of whole numbers|expected perm to name each|expected dy of shape|each axis once|each letter once|All values in axis param must be in range|expected a condition of shape/;

/** The op, and the line that called it. */
const PLACE = / \(tf\.\w+ at \S+\.ts:\d+:\d+\)$/;

/** Holds what an engine does against what cpu does. */
function compareOutcomes(cpu: Outcome, engine: Outcome, { stricter, wider, tolerance = 2e-6 }: ArgumentCase): void {
  if ('refused' in engine) {
    const allowed = [STRICTER, ...(stricter === undefined ? [] : [stricter])].some((words) =>
      words.test(engine.refused),
    );
    if ('refused' in cpu)
      expect(allowed || engine.refused.includes(cpu.refused), `${engine.refused} / ${cpu.refused}`).toBe(true);
    else expect(allowed, `refused: ${engine.refused}`).toBe(true);
    // What the op itself refuses is thrown at the line; what its kernel refuses says which line that is.
    if (!('refused' in cpu) || engine.refused !== cpu.refused) expect(engine.refused).toMatch(PLACE);
    return;
  }
  if ('refused' in cpu) {
    // Nothing is in it that could be wrong.
    const harmless = engine.tensors.every(isEmpty) || wider?.test(cpu.refused) === true;
    expect(harmless, `not refused: ${cpu.refused}`).toBe(true);
    return;
  }
  expect(engine.tensors.map(({ shape, dtype }) => `${dtype}[${shape}]`)).toEqual(
    cpu.tensors.map(({ shape, dtype }) => `${dtype}[${shape}]`),
  );
  cpu.tensors.forEach((tensor, i) => {
    const other = engine.tensors[i] as Contents;
    expect(close(tensor, other, tolerance), `${other.values} instead of ${tensor.values}`).toBe(true);
  });
}

describeEngines('arguments', (engine) => {
  describe.each([
    ['ops that move', moving],
    ['ops that index', indexing],
    ['ops on images', windows],
    ['ops that compute', arithmetic],
  ] as const)('%s', (_, cases) => {
    it.each(cases.map((kind) => [kind.name, kind] as const))(
      '%s: refused where cpu refuses, equal elsewhere',
      (_name, kind) => {
        // TensorFlow.js warns of some arguments before it refuses them.
        vi.spyOn(console, 'warn').mockReturnValue(undefined);
        const property = fc.property(kind.calls, (call) =>
          compareOutcomes(onCpu(call), onEngine(engine(), call), kind),
        );
        fc.assert(property, { numRuns: 10, seed: 12 });
      },
    );
  });
});

it('covers the kernels that tfjs-jit’s README says', () => expectCoverage('arguments'));
