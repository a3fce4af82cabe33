import { at, type Data, type Executable, sizeOf } from '@edm2/tfjs-jit/graph';
import { encodeModelParts, type OnnxProgram, type Port, type PortBundle } from '@edm2/tfjs-onnx';
import type { Tensor } from '@tensorflow/tfjs-core';
import type { Block, OnnxRuntimeBackend } from './backend.js';
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

/** Loads a lowered graph. What a call needs besides the tensors themselves is made here, once. */
export function compile(
  program: OnnxProgram,
  loader: SessionLoader,
  backend: OnnxRuntimeBackend,
  options: SessionOptions,
): Executable {
  const session = loader.load(encodeModelParts(program.model), options);
  const inputs = program.inputs.map(slot);
  const outputs = program.outputs.map(slot);
  const feeds: Feeds = {};
  const fetches: Feeds = {};

  const feed = (tensors: readonly Tensor[]): Block[] => {
    const data = inputs.map(({ port }, i) => backend.physical(at(tensors, i), port));
    inputs.forEach(({ port, shape }, i) => {
      if (port.name !== undefined) feeds[port.name] = ortTensor(port.dtype, at(data, i), shape);
    });
    return program.inputBundles.flatMap((bundle) =>
      feedBundle(
        bundle,
        bundle.members.map((i) => at(data, i)),
      ),
    );
  };

  /** Feeds views of the array that the members lie in; the first time they lie apart and are put together. */
  const feedBundle = (bundle: PortBundle, members: readonly Data[]): Block[] => {
    const gathered = adjacent(members) ? undefined : gather(members, backend);
    const base = gathered?.data ?? at(members, 0);
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
    for (const { members, chunks } of program.outputBundles) {
      const block = backend.take(
        'float32',
        members.reduce((sum, i) => sum + at(outputs, i).length, 0),
      );
      for (const { name, offset, length } of chunks) {
        fetches[name] = ortTensor('float32', view(block.data, offset, length), [length]);
      }
      let offset = 0;
      for (const i of members) {
        const { length } = at(outputs, i);
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
        throw error instanceof Error ? program.reword(error) : error;
      } finally {
        for (const block of borrowed) backend.give(block);
      }
      return outputs.map(({ port }, i) => {
        const { data, block } = at(room, i);
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
