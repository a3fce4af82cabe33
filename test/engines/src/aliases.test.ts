import { draw } from '@edm2/test-support';
import { type Engine, jit } from '@edm2/tfjs-jit';
import * as tf from '@tensorflow/tfjs';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { describeEngines } from './engines.js';

afterEach(async () => {
  await tf.setBackend('cpu');
  tf.disposeVariables();
});

const SHAPE = [2, 3];

/** How a tensor sees the data of another one; on cpu, most of them share it. */
const VIEWS: Record<string, (x: tf.Tensor) => tf.Tensor> = {
  itself: (x) => x,
  clone: (x) => tf.clone(x),
  turned: (x) => tf.reshape(x, [3, 2]),
  flat: (x) => tf.reshape(x, [6]),
  column: (x) => tf.expandDims(tf.reshape(x, [6]), 1),
  whole: (x) => tf.cast(tf.cast(x, 'int32'), 'float32'),
  mask: (x) => tf.cast(tf.cast(x, 'bool'), 'float32'),
};

const COUNT = 3;
const index = fc.nat(COUNT - 1);
const view = fc.constantFrom(...Object.keys(VIEWS));
const otherView = view.filter((name) => name !== 'itself');
/** A place that a tensor comes from. */
const place = fc.record({
  kind: fc.constantFrom('variable', 'constant', 'state', 'argument'),
  index,
  view,
});
type Place = { kind: string; index: number; view: string };

/** What changes variables: inside the function, or between its calls. */
const change = fc.oneof(
  fc.record({ kind: fc.constant('copy' as const), to: index, from: index }),
  fc.record({ kind: fc.constant('own' as const), to: index, place }),
  fc.record({ kind: fc.constant('take' as const), to: index, place }),
  fc.record({ kind: fc.constant('constant' as const), to: index, index }),
);
type Change = { to: number } & (
  | { kind: 'copy'; from: number }
  | { kind: 'own' | 'take'; place: Place }
  | { kind: 'constant'; index: number }
);

/** What the function does, and in what order. */
const statement = fc.oneof(
  fc.record({ do: fc.constant('read' as const), place }),
  fc.record({ do: fc.constant('keep' as const), place }),
  fc.record({ do: fc.constant('assign' as const), change }),
  fc.record({ do: fc.constant('move' as const), index, place }),
);
type Statement =
  | { do: 'read'; place: Place }
  | { do: 'keep'; place: Place }
  | { do: 'assign'; change: Change }
  | { do: 'move'; index: number; place: Place };

/** What the state is at each call: the last result, also cloned before, an earlier clone, a variable's or a constant's data. */
const handover = fc.record({
  state: fc.array(fc.constantFrom('result', 'clone', 'variable', 'constant', 'same', 'old'), {
    minLength: COUNT,
    maxLength: COUNT,
  }),
  argument: fc.constantFrom('own', 'state', 'variable', 'constant'),
  changes: fc.array(change, { maxLength: 2 }),
  awaited: fc.boolean(),
});
type Handover = { state: string[]; argument: string; changes: Change[]; awaited: boolean };

const program = fc.record({
  /** Variables that begin as a copy of another one, of a constant, or on their own. */
  begin: fc.array(fc.constantFrom('own', 'variable', 'constant'), { minLength: COUNT, maxLength: COUNT }),
  constants: fc.array(fc.record({ of: fc.constantFrom('own', 'variable', 'constant'), index, view: otherView }), {
    minLength: COUNT,
    maxLength: COUNT,
  }),
  body: fc.array(statement, { minLength: 2, maxLength: 8 }),
  calls: fc.array(handover, { minLength: 3, maxLength: 4 }),
});
type Program = {
  begin: string[];
  constants: { of: string; index: number; view: string }[];
  body: Statement[];
  calls: Handover[];
};

const own = (seed: number): tf.Tensor =>
  tf.tensor(
    Array.from({ length: 6 }, (_, i) => ((seed * 7 + i * 5) % 11) / 4 - 1),
    SHAPE,
  );
const at = <T>(list: readonly T[], i: number): T => list[i % list.length] as T;
const shaped = (x: tf.Tensor): tf.Tensor => tf.reshape(x, SHAPE);
/** A number for each element that depends on its place and on the tensor's shape. */
const seen = (x: tf.Tensor): tf.Tensor => {
  const sums = tf.sum(x, 0);
  return tf.sum(tf.mul(sums, tf.reshape(tf.range(1, sums.size + 1), sums.shape)));
};

/** Runs a program; returns what every call gave, and what every variable, kept clone and constant holds after it. */
async function run(
  { begin, constants: described, body, calls }: Program,
  engine: Engine | undefined,
): Promise<number[][]> {
  const constants: tf.Tensor[] = [];
  const variables: tf.Variable[] = [];
  begin.forEach((kind, i) => {
    const from = kind === 'variable' && i > 0 ? tf.clone(at(variables, 0)) : own(i);
    variables.push(tf.variable(from));
  });
  described.forEach(({ of, index: i, view: how }, n) => {
    const from = of === 'variable' ? at(variables, i) : of === 'constant' && n > 0 ? at(constants, 0) : own(10 + n);
    constants.push((VIEWS[how] as (x: tf.Tensor) => tf.Tensor)(from));
  });
  begin.forEach((kind, i) => {
    if (kind === 'constant') at(variables, i).assign(shaped(at(constants, i)));
  });

  type Args = { state: tf.Tensor[]; argument: tf.Tensor };
  const pick = ({ kind, index: i, view: how }: Place, { state, argument }: Args): tf.Tensor => {
    const of = kind === 'variable' ? at(variables, i) : kind === 'constant' ? at(constants, i) : undefined;
    return (VIEWS[how] as (x: tf.Tensor) => tf.Tensor)(of ?? (kind === 'state' ? at(state, i) : argument));
  };
  const make = (c: Change, args: Args): void => {
    const to = at(variables, c.to);
    if (c.kind === 'copy') {
      if (c.to !== c.from) to.assign(at(variables, c.from));
    } else if (c.kind === 'constant') to.assign(shaped(at(constants, c.index)));
    else if (c.kind === 'take') to.assign(shaped(pick(c.place, args)));
    else to.assign(tf.add(tf.mul(to, 0.5), shaped(pick(c.place, args))));
  };
  const fn = (state: tf.Tensor[], argument: tf.Tensor): { state: tf.Tensor[]; seen: tf.Tensor } => {
    const args = { state: [...state], argument };
    const kept: tf.Tensor[] = [];
    let total: tf.Tensor = tf.scalar(0);
    const note = (x: tf.Tensor): void => {
      total = tf.add(tf.mul(total, 0.5), seen(x));
    };
    for (const s of body) {
      if (s.do === 'read') note(pick(s.place, args));
      else if (s.do === 'keep') kept.push(pick(s.place, args));
      else if (s.do === 'assign') make(s.change, args);
      else args.state[s.index] = tf.add(tf.mul(at(args.state, s.index), 0.5), shaped(pick(s.place, args)));
    }
    kept.forEach(note);
    return { state: args.state, seen: total };
  };

  // A variable that the function assigns is refused as an argument.
  const assigned = new Set(body.flatMap((s) => (s.do === 'assign' ? [s.change.to] : [])));
  const compiled = jit(fn, { donate: [0], ...(engine && { engine }) });
  const values = (x: tf.Tensor): number[] => Array.from(x.dataSync());
  const outcome: number[][] = [];
  const clones: tf.Tensor[] = [];
  let state = [own(20), own(21), own(22)];
  let last = state;
  for (const { state: kinds, argument: kind, changes, awaited } of calls) {
    const given = kinds.map((from, i) => {
      if (from === 'variable') return tf.clone(at(variables, i));
      if (from === 'constant') return shaped(at(constants, i));
      if (from === 'same') return tf.clone(at(state, 0));
      if (from === 'old' && clones.length > 0) return tf.clone(at(clones, i));
      if (from === 'clone') clones.push(tf.clone(at(state, i)));
      return at(state, i);
    });
    const argument =
      kind === 'state'
        ? tf.clone(at(given, 0))
        : kind === 'variable'
          ? assigned.has(1)
            ? tf.clone(at(variables, 1))
            : at(variables, 1)
          : kind === 'constant'
            ? shaped(at(constants, 1))
            : own(30);
    const result = awaited ? await compiled.runAsync(given, argument) : compiled(given, argument);
    last = result.state;
    outcome.push(...[result.seen, ...result.state, ...variables, ...constants, ...clones, argument].map(values));
    for (const c of changes) make(c, { state: result.state, argument });
    outcome.push(...[...variables, ...constants, ...clones].map(values));
    state = result.state;
  }
  tf.dispose([last, state]);
  compiled.dispose();
  return outcome;
}

describeEngines('variables, views and constants that share data', (engine) => {
  describe.each(['cpu', 'the engine’s'])('on %s backend', (backend) => {
    it('are what they are op by op, in any mix', async () => {
      await fc.assert(
        fc.asyncProperty(program, async (given) => {
          const on = async (name: string, how: Engine | undefined): Promise<number[][]> => {
            await tf.setBackend(name);
            tf.engine().startScope();
            try {
              return await run(given as Program, how);
            } finally {
              tf.engine().endScope();
              tf.disposeVariables();
            }
          };
          const expected = await on('cpu', undefined);
          const actual = await on(backend === 'cpu' ? 'cpu' : engine().backend, engine());
          expect(actual.length).toBe(expected.length);
          actual.forEach((numbers, i) => {
            const plain = expected[i] ?? [];
            numbers.forEach((n, j) => {
              const other = plain[j] ?? Number.NaN;
              expect(Math.abs(n - other)).toBeLessThanOrEqual(1e-5 * Math.max(1, Math.abs(other)));
            });
          });
        }),
        { numRuns: 40, seed: 11 },
      );
    });
  });

  it('are so in networks that copy their weights, inside the step, between steps and before the first', () => {
    const { layers } = tf;
    const net = (): tf.LayersModel =>
      tf.sequential({
        layers: [layers.dense({ units: 3, inputShape: [2], activation: 'tanh' }), layers.dense({ units: 2 })],
      });
    const weights = [[2, 3], [3], [3, 2], [2]].map((shape, i) => draw(i + 1, shape));
    const [x, y] = [draw(8, [4, 2]), draw(9, [4, 2])];
    const train = (how: Engine | undefined): number[] => {
      const [online, target, average] = [net(), net(), net()];
      online.setWeights(weights);
      target.setWeights(online.getWeights());
      average.setWeights(target.getWeights());
      const anchors = online.getWeights().map((w) => tf.clone(w));
      const variables = online.trainableWeights.map((w) => w.read() as tf.Variable);
      const optimizer = tf.train.adam(0.05);
      const step = (a: tf.Tensor, b: tf.Tensor): tf.Scalar => {
        const loss = optimizer.minimize(
          () => {
            const wanted = tf.add(b, tf.mul(target.apply(a) as tf.Tensor, 0.9));
            const away = tf.addN(variables.map((v, i) => tf.sum(tf.square(tf.sub(v, anchors[i] as tf.Tensor)))));
            const error = tf.mean(tf.squaredDifference(wanted, online.apply(a) as tf.Tensor));
            return tf.add(error, tf.mul(away, 0.3)) as tf.Scalar;
          },
          true,
          variables,
        ) as tf.Scalar;
        average.setWeights(
          average.getWeights().map((w, i) => tf.add(tf.mul(w, 0.7), tf.mul(variables[i] as tf.Tensor, 0.3))),
        );
        target.setWeights(average.getWeights());
        return loss;
      };
      const run = how === undefined ? step : jit(step, { engine: how });
      return Array.from({ length: 6 }, (_, i) => {
        if (i === 2) target.setWeights(online.getWeights());
        if (i === 4) online.setWeights(weights);
        const values = [run(x, y), ...target.getWeights(), ...average.getWeights()].map((t) => t.dataSync());
        return values.flatMap((numbers) => Array.from(numbers));
      }).flat();
    };
    const expected = train(undefined);
    train(engine()).forEach((n, i) => void expect(n).toBeCloseTo(expected[i] ?? Number.NaN, 4));
  });
});
