import { createPowerEma, sigmaRelToGamma } from '@edm2/phema';
import { readGolden, relativeError } from '@edm2/test-support';
import { describe, expect, it } from 'vitest';

const golden = readGolden('phema');
const steps = 400;
const width = 64;
const batch = 64;
const trajectory = golden.get('traj.weights').data;
const parametersAt = (step: number) => ({
  layer: { weight: Float64Array.from(trajectory.subarray(step * width, (step + 1) * width)) },
});
const weightOf = (tree: unknown) => (tree as { layer: { weight: Float64Array } }).layer.weight;

describe('createPowerEma', () => {
  it('follows the golden trajectory at every stored snapshot', () => {
    const ema = createPowerEma();
    const ofs = golden.get('traj.snap_ofs').data;
    const std = golden.get('traj.snap_std').data;
    const values = golden.get('traj.snap_values').data;
    let compared = 0;
    for (let step = 0; step < steps; step++) {
      const t = (step + 1) * batch;
      ema.update(parametersAt(step), { t, dt: batch });
      for (let s = 0; s < ofs.length; s++) {
        if (ofs[s] !== t) continue;
        expect(
          relativeError(weightOf(ema.values(std[s] ?? 0)), values.subarray(s * width, (s + 1) * width)),
        ).toBeLessThan(1e-9);
        compared++;
      }
    }
    expect(compared).toBe(16);
  });

  it('takes in every k-th update itself, exactly as if it were told, also after a restore in between', () => {
    const [own, told] = [createPowerEma({ updateEvery: 7 }), createPowerEma()];
    let resumed: ReturnType<typeof createPowerEma> | undefined;
    for (let step = 0; step < 100; step++) {
      const t = (step + 1) * batch;
      own.update(parametersAt(step), { t, dt: batch });
      resumed?.update(parametersAt(step), { t, dt: batch });
      if (step === 0) told.update(parametersAt(0), { t, dt: batch });
      else if (step % 7 === 0) told.update(parametersAt(step), { t, dt: 7 * batch });
      if (step === 45) {
        resumed = createPowerEma({ updateEvery: 7 });
        resumed.restore(own.state());
      }
    }
    for (const tracker of [own, resumed]) expect(weightOf(tracker?.values(0.1))).toEqual(weightOf(told.values(0.1)));
    for (const updateEvery of [0, 1.5, Number.NaN])
      expect(() => createPowerEma({ updateEvery })).toThrow(/updateEvery/);
  });

  it('updated every k-th step still follows the profile', () => {
    // Parameters that grow as τ: the average of the profile is (γ + 1)/(γ + 2)·t.
    const expected = (t: number) => ((sigmaRelToGamma(0.1) + 1) / (sigmaRelToGamma(0.1) + 2)) * t;
    for (const k of [1, 4, 10]) {
      const ema = createPowerEma({ sigmaRels: [0.1] });
      for (let t = k; t <= 4000; t += k) ema.update({ w: Float64Array.of(t) }, { t, dt: k });
      const [value] = (ema.values(0.1) as { w: Float64Array }).w;
      expect(Math.abs((value ?? 0) / expected(4000) - 1)).toBeLessThan(0.002 * k);
    }
  });

  it('restores bit for bit', () => {
    const straight = createPowerEma();
    const first = createPowerEma();
    for (let step = 0; step < 20; step++) {
      straight.update(parametersAt(step), { t: (step + 1) * batch, dt: batch });
      if (step < 10) first.update(parametersAt(step), { t: (step + 1) * batch, dt: batch });
    }
    const resumed = createPowerEma();
    resumed.restore(structuredClone(first.state()));
    for (let step = 10; step < 20; step++) resumed.update(parametersAt(step), { t: (step + 1) * batch, dt: batch });
    expect(weightOf(resumed.values(0.05))).toEqual(weightOf(straight.values(0.05)));
  });

  it('keeps structure and array kinds, and copies what it hands out', () => {
    const ema = createPowerEma({ sigmaRels: [0.1] });
    ema.update({ a: [Float32Array.of(1, 2)], b: Float64Array.of(3) }, { t: 1, dt: 1 });
    const values = ema.values(0.1) as { a: [Float32Array]; b: Float64Array };
    expect(values).toEqual({ a: [Float32Array.of(1, 2)], b: Float64Array.of(3) });
    values.a[0][0] = 99;
    expect((ema.values(0.1) as { a: [Float32Array] }).a[0][0]).toBe(1);
  });

  it('keeps array kinds through its state', () => {
    const tree = { a: [Float32Array.of(0.1, 2)], b: Float64Array.of(0.1) };
    const ema = createPowerEma<typeof tree>();
    ema.update(tree, { t: 1, dt: 1 });
    const state = structuredClone(ema.state());
    expect(state.tracks?.['0.1']?.a[0]).toBeInstanceOf(Float64Array);
    const resumed = createPowerEma<typeof tree>();
    resumed.restore(state);
    expect(resumed.values(0.1)).toEqual(tree);
    resumed.update(tree, { t: 2, dt: 1 });
    expect(resumed.values(0.1)).toEqual(tree);
    resumed.restore({ tracks: state.tracks });
    expect(resumed.values(0.1).b).toEqual(tree.b);
  });

  it('says what is wrong', () => {
    const ema = createPowerEma();
    expect(() => ema.values(0.05)).toThrow(/expected an update before/);
    ema.update({ w: Float32Array.of(1) }, { t: 8, dt: 8 });
    expect(() => ema.values(0.2)).toThrow(/tracked sigmaRels 0.05, 0.1, got 0.2/);
    expect(() => ema.update({ w: Float32Array.of(1, 2) }, { t: 16, dt: 8 })).toThrow(/expected 1 values at w, got 2/);
    expect(() => ema.update({ v: Float32Array.of(1) }, { t: 16, dt: 8 })).toThrow(/got none at w/);
    expect(() => ema.update({ w: Float32Array.of(1), v: Float32Array.of(1) }, { t: 16, dt: 8 })).toThrow(
      /expected 1 arrays/,
    );
    expect(() => ema.update({ w: Float32Array.of(1) }, { t: 16, dt: 17 })).toThrow(/expected 0 < dt ≤ t/);
    expect(() => ema.update({ w: 'x' } as never, { t: 16, dt: 8 })).toThrow(TypeError);
    expect(() => createPowerEma({ sigmaRels: [0.1, 0.1] })).toThrow(RangeError);
    expect(() => createPowerEma({ sigmaRels: [0.3] })).toThrow(RangeError);
    expect(() => createPowerEma({ sigmaRels: [0.2] }).restore(ema.state())).toThrow(
      /expected a state of sigmaRels 0.2/,
    );
  });
});
