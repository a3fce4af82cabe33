import type { OnnxModelParts } from '@edm2/tfjs-onnx';
import { type InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';

/** ONNX Runtime's own tensors over typed arrays of ours; nothing is copied. */
export type Feeds = Record<string, OrtTensor>;

/** A loaded model that runs synchronously. */
export interface Session {
  /** Runs the model and writes every output into the tensor of its name in `fetches`. */
  run(feeds: Feeds, fetches: Feeds): void;
  dispose(): void;
}

export type SessionOptions = InferenceSession.SessionOptions;

/** Loads models into sessions, in one of the ways that this release of onnxruntime-node offers. */
export interface SessionLoader {
  /** `'binding'`: in this thread, in place. `'worker'`: through the public interface in a worker thread, with copies. */
  readonly kind: 'binding' | 'worker';
  /** The parts may go when the session is loaded: ONNX Runtime has a copy. */
  load(parts: OnnxModelParts, options: SessionOptions): Session;
}

interface NativeSession {
  loadModel(buffer: ArrayBufferLike, offset: number, length: number, options: SessionOptions): void;
  run(feeds: Feeds, fetches: Feeds, options: object): unknown;
  endProfiling(): void;
  dispose(): void;
}

/** What onnxruntime-node 1.30 keeps in `dist/binding`; not part of its public interface. */
interface NativeBinding {
  readonly binding: { readonly InferenceSession: new () => NativeSession };
  readonly initOrt: () => void;
}

/**
 * The native binding behind onnxruntime-node: its `run` is synchronous and takes preallocated outputs.
 *
 * @param module - what `onnxruntime-node/dist/binding.js` exports.
 * @returns the loader, or undefined when the module does not look as this release's does.
 */
export function bindingLoader(module: unknown): SessionLoader | undefined {
  if (!isNativeBinding(module)) return undefined;
  module.initOrt();
  return {
    kind: 'binding',
    load({ model, externalData }, options) {
      const session = new module.binding.InferenceSession();
      session.loadModel(model.buffer, model.byteOffset, model.byteLength, { ...options, externalData });
      const runOptions = {};
      return {
        run: (feeds, fetches) => void session.run(feeds, fetches, runOptions),
        dispose() {
          if (options.enableProfiling) session.endProfiling();
          session.dispose();
        },
      };
    },
  };
}

function isNativeBinding(module: unknown): module is NativeBinding {
  if (typeof module !== 'object' || module === null || !('binding' in module) || !('initOrt' in module)) return false;
  const { binding, initOrt } = module;
  if (typeof initOrt !== 'function' || typeof binding !== 'object' || binding === null) return false;
  if (!('InferenceSession' in binding) || typeof binding.InferenceSession !== 'function') return false;
  const methods: unknown = binding.InferenceSession.prototype;
  return ['loadModel', 'run', 'dispose'].every(
    (name) =>
      typeof methods === 'object' &&
      methods !== null &&
      typeof (methods as Record<string, unknown>)[name] === 'function',
  );
}

const wrapped = new WeakMap<object, OrtTensor>();

/** A typed array as ONNX Runtime sees it, made once per array: making thousands each call would cost milliseconds. */
export function ortTensor(
  type: 'float32' | 'int32' | 'bool',
  data: Float32Array | Int32Array | Uint8Array,
  shape: readonly number[],
): OrtTensor {
  const known = wrapped.get(data);
  if (known?.type === type && known.dims.length === shape.length && known.dims.every((n, i) => n === shape[i]))
    return known;
  const made = new OrtTensor(type, data, shape);
  wrapped.set(data, made);
  return made;
}
