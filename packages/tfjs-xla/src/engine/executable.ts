import { at, type Executable } from '@edm2/tfjs-jit/graph';
import { dispose, type Tensor, type TensorInfo } from '@tensorflow/tfjs-core';
import type { XlaBackend } from '../backend/backend.js';
import { hostArray } from '../backend/entry.js';
import type { ModuleCheck, StableHloModule } from '../lowering/model.js';
import type { BuildOptions } from '../native/compile-options.js';
import { NULL, type Pointer } from '../native/struct.js';

/** A module on its device; results are on their way when `run` returns. */
export interface XlaExecutable extends Executable {
  /** As `run`, for tensors that are known by their data alone. */
  run(inputs: readonly (Tensor | TensorInfo)[]): Tensor[];
}

/**
 * Steps that may be under way on a device when a call returns. A device that has one more to do never waits; without a bound a loop would
 * run ahead by all the batches that memory holds.
 */
const MAX_AHEAD = 2;

/** Loads a module. */
export function compile(module: StableHloModule, backend: XlaBackend, options: BuildOptions): XlaExecutable {
  const { client } = backend;
  const { splits } = module;
  const devices = splits ? backend.devices : [backend.device];
  const ids = devices.map(({ id }) => id);
  const putConstants = ({ captured }: StableHloModule): Pointer[][] =>
    devices.map((device) => captured.map(({ data, shape, dtype }) => client.put(data, shape, dtype, device)));
  /** What is made of constants alone, once. */
  const derive = (once: StableHloModule): Pointer[][] => {
    const loaded = client.compile(once.text, { ...options, devices: ids });
    const constants = putConstants(once);
    try {
      return loaded.execute(constants);
    } finally {
      for (const list of constants) for (const buffer of list) client.free(buffer);
      loaded.dispose();
    }
  };
  const loaded = client.compile(module.text, { ...options, devices: ids });
  const derived = module.once && derive(module.once);
  const captured = putConstants(module).map((list, i) => [...list, ...(derived?.[i] ?? [])]);
  const results = module.outputs.length;

  /** Buffers of an input, one per device. */
  const inputOf = ({ dataId }: TensorInfo, i: number): readonly Pointer[] => {
    const { shape, dtype } = at(module.inputs, i);
    const info = { dataId, shape: [...shape], dtype };
    return splits ? backend.spreadOf(info, splits.inputs[i]) : [backend.bufferOf(info)];
  };

  /** Of the calls that are under way, when they are done; the first came first. */
  const ahead: Pointer[] = [];
  const waitForOld = (buffer: Pointer | undefined): void => {
    if (module.donated.size === 0 || buffer === undefined) return;
    ahead.push(client.readyEvent(buffer));
    try {
      while (ahead.length > MAX_AHEAD) client.plugin.await(ahead.shift() as Pointer);
    } catch (error) {
      // Told once: those behind it were given what it did not make.
      forgetAhead();
      throw error;
    }
  };
  const forgetAhead = (): void => {
    for (const event of ahead.splice(0)) if (event !== NULL) client.plugin.free('Event_Destroy', event);
  };

  /** Inputs that the call must leave whole: others see their data, or the call itself reads it elsewhere. */
  const keptOf = (tensors: readonly TensorInfo[]): number[] => {
    const seen = new Map<unknown, number>();
    for (const { dataId } of tensors) seen.set(dataId, (seen.get(dataId) ?? 0) + 1);
    const isKept = (i: number): boolean => {
      const tensor = at(tensors, i);
      return (seen.get(tensor.dataId) ?? 0) > 1 || !backend.isSole(tensor);
    };
    // A call whose indices may turn out wrong must leave its state as it was.
    return [...module.donated].filter((i) => module.checks.length > 0 || isKept(i));
  };

  return {
    run(tensors) {
      const inputs = tensors.map(inputOf);
      const kept = keptOf(tensors);
      const made = loaded.execute(
        devices.map((_, device) => [...inputs.map((buffers) => at(buffers, device)), ...at(captured, device)]),
        kept,
      );
      for (const i of module.donated) if (!kept.includes(i)) backend.consume(at(tensors, i));
      const [first = [], ...others] = made;
      // What belongs to checks is whole everywhere.
      for (const list of others) for (const buffer of list.slice(results)) client.free(buffer);
      verify(
        module.checks,
        first.slice(results),
        made.flatMap((list) => list.slice(0, results)),
        backend,
      );
      const outputs = module.outputs.map(({ shape, dtype }, i) =>
        splits
          ? backend.adoptSpread({ split: splits.outputs[i], buffers: made.map((list) => at(list, i)) }, shape, dtype)
          : backend.adopt(at(first, i), shape, dtype),
      );
      try {
        waitForOld(first[0]);
      } catch (error) {
        // An earlier call failed on its way: what was made of its results is nobody's.
        dispose(outputs);
        throw error;
      }
      return outputs;
    },
    dispose() {
      forgetAhead();
      for (const list of captured.splice(0)) for (const buffer of list) client.free(buffer);
      loaded.dispose();
    },
  };
}

/** @throws {Error} for indices that pointed outside; then the results go. */
function verify(
  checks: readonly ModuleCheck[],
  made: readonly Pointer[],
  results: readonly Pointer[],
  { client }: XlaBackend,
): void {
  if (checks.length === 0) return;
  try {
    checks.forEach(({ shape, into, error }, c) => {
      const read = <T extends Int32Array | Uint8Array>(buffer: Pointer, target: T, of: readonly number[]): T => {
        if (target.length > 0) client.plugin.await(client.get(buffer, target, of));
        return target;
      };
      if (read(at(made, 2 * c), new Uint8Array(1), [])[0] === 1) return;
      const count = shape.reduce((product, n) => product * n, 1);
      const indices = read(at(made, 2 * c + 1), hostArray('int32', count) as Int32Array, shape);
      const wrong = indices.findIndex((n, i) => n < 0 || n >= at(into, i % into.length));
      const row = wrong - (wrong % into.length);
      throw error([...indices.slice(row, row + into.length)]);
    });
  } catch (error) {
    for (const buffer of results) client.free(buffer);
    throw error;
  } finally {
    for (const buffer of made) client.free(buffer);
  }
}
