import {
  type Executable,
  encodeModelParts,
  type OnnxCompiledModel,
  type Port,
  type PortBundle,
  sizeOf,
} from '@edm2/tfjs-jit';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Block, OnnxRuntimeBackend } from './backend.js';
import type { Data } from './pool.js';
import { type Feeds, ortTensor, type SessionLoader, type SessionOptions } from './session.js';
import { view } from './views.js';

/** A port's name and shapes, worked out once. */
interface Slot {
  readonly port: Port;
  /** Shape in memory order. */
  readonly shape: readonly number[];
  readonly length: number;
}

const slot = (port: Port): Slot => ({
  port,
  shape: port.order.map((axis) => port.shape[axis] ?? 1),
  length: sizeOf(port.shape),
});

/** Loads a compiled model. What a call needs besides the tensors themselves is made here, once. */
export function compile(
  model: OnnxCompiledModel,
  loader: SessionLoader,
  backend: OnnxRuntimeBackend,
  options: SessionOptions,
): Executable {
  const session = loader.load(encodeModelParts(model.onnx), options);
  const inputs = model.inputs.map(slot);
  const outputs = model.outputs.map(slot);
  const feeds: Feeds = {};
  const fetches: Feeds = {};

  const feed = (tensors: readonly Tensor[]): Block[] => {
    const data = inputs.map(({ port }, i) => backend.physical(tensors[i] as Tensor, port));
    inputs.forEach(({ port, shape }, i) => {
      if (port.name !== undefined) feeds[port.name] = ortTensor(port.dtype, data[i] as Data, shape);
    });
    return model.inputBundles.flatMap((bundle) =>
      feedBundle(
        bundle,
        bundle.members.map((i) => data[i] as Data),
      ),
    );
  };

  /** Feeds views of the array that the members lie in; the first time they lie apart and are put together. */
  const feedBundle = (bundle: PortBundle, members: readonly Data[]): Block[] => {
    const gathered = adjacent(members) ? undefined : gather(members, backend);
    const base = gathered?.data ?? (members[0] as Data);
    for (const { name, offset, length } of bundle.chunks) {
      feeds[name] = ortTensor('float32', view(base, offset, length), [length]);
    }
    return gathered === undefined ? [] : [gathered];
  };

  /** Makes room for every output; returns the data of each port and the block that it lies in. */
  const fetch = (): { data: Data; block: Block }[] => {
    const room = new Array<{ data: Data; block: Block }>(outputs.length);
    outputs.forEach(({ port, shape, length }, i) => {
      if (port.name === undefined) return;
      const block = backend.take(port.dtype, length);
      fetches[port.name] = ortTensor(port.dtype, block.data, shape);
      room[i] = { data: block.data, block };
    });
    for (const { members, chunks } of model.outputBundles) {
      const block = backend.take(
        'float32',
        members.reduce((sum, i) => sum + (outputs[i] as Slot).length, 0),
      );
      for (const { name, offset, length } of chunks) {
        fetches[name] = ortTensor('float32', view(block.data, offset, length), [length]);
      }
      let offset = 0;
      for (const i of members) {
        const { length } = outputs[i] as Slot;
        room[i] = { data: view(block.data, offset, length), block };
        offset += length;
      }
    }
    return room;
  };

  return {
    run(tensors) {
      const borrowed = feed(tensors);
      const room = fetch();
      try {
        session.run(feeds, fetches);
      } catch (error) {
        for (const block of new Set(room.map((made) => made.block))) backend.give(block);
        throw error instanceof Error && model.onnx.reword !== undefined ? model.onnx.reword(error) : error;
      } finally {
        for (const block of borrowed) backend.give(block);
      }
      return outputs.map(({ port }, i) => {
        const { data, block } = room[i] as { data: Data; block: Block };
        return backend.adopt(block, data, port);
      });
    },
    dispose: () => session.dispose(),
  };
}

/** True when arrays lie one behind the other in one buffer. */
function adjacent(arrays: readonly Data[]): boolean {
  return arrays.every((array, i) => {
    const before = arrays[i - 1];
    return (
      before === undefined ||
      (before.buffer === array.buffer && before.byteOffset + before.byteLength === array.byteOffset)
    );
  });
}

function gather(members: readonly Data[], backend: OnnxRuntimeBackend): Block {
  const block = backend.take(
    'float32',
    members.reduce((sum, data) => sum + data.length, 0),
  );
  let offset = 0;
  for (const data of members) {
    block.data.set(data, offset);
    offset += data.length;
  }
  return block;
}
