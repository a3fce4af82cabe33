import { engine, type Tensor } from '@tensorflow/tfjs-core';

/** Frames looked through; a gradient's stack holds the calls around it too. */
const MAX_FRAMES = 100;

/** One line of a stack trace. */
interface Frame {
  readonly name: string;
  /** `file:line:column`. */
  readonly place: string;
}

/** `at name (file:1:2)`, `at file:1:2` as V8 writes it, `name@file:1:2` as the others do. */
const FRAME = /^\s*(?:at (?:(.*?) \()?|(.*?)@)(?:file:\/\/)?(\S+:\d+:\d+)\)?$/;
const TENSORFLOW = /@tensorflow[/+]tfjs|\/tfjs-(?:core|layers|converter|data|backend-[a-z]+)\//;
const TEST_FILE = /\.(?:test|test-support|test-d|fixture)\.[cm]?[jt]s:/;

/** The stack of the caller. */
function frames(): Frame[] {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = MAX_FRAMES;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return stack.split('\n').flatMap((line) => {
    const [, name, other, place] = FRAME.exec(line) ?? [];
    return place === undefined ? [] : [{ name: name ?? other ?? '', place }];
  });
}

/** The folder that this package's own code lies in, `src/` or `dist/`; known only where code is not bundled away. */
const ownFolder = (own: string): string => own.replace(/(?:trace\/)?[^/\\]*$/, '');

/** Finds the code that called an op: the innermost frame outside TensorFlow.js and this package. */
export interface SourceFinder {
  /** `file:line:column`, or undefined where there is none. */
  here(): string | undefined;
  /**
   * Notes from which line each call on TensorFlow.js's tape came, so that the kernels of its gradient come from there too:
   * their own stack leads to whoever asked for the gradient.
   *
   * @param sourceOf - the line that a tensor of the tape came from.
   */
  watch(sourceOf: (tensor: Tensor) => string | undefined): void;
}

/** A finder for one trace. */
export function sourceFinder(): SourceFinder {
  const folder = ownFolder(frames()[0]?.place.replace(/:\d+:\d+$/, '') ?? '');
  const watched = new WeakSet<object>();
  let forward: string | undefined;
  const isForeign = ({ place }: Frame): boolean =>
    !TENSORFLOW.test(place) && (!(folder !== '' && place.startsWith(folder)) || TEST_FILE.test(place));

  return {
    here() {
      const stack = frames();
      const found = stack.find((frame) => isForeign(frame) || frame.name.includes(tracedGradient.name));
      return found === undefined || isForeign(found) ? found?.place : forward;
    },
    watch(sourceOf) {
      const tape = engine().state.activeTape ?? [];
      for (let i = tape.length - 1; i >= 0; i--) {
        const node = tape[i];
        if (node === undefined || watched.has(node)) return;
        watched.add(node);
        const { gradient, outputs } = node;
        const source = outputs[0] && sourceOf(outputs[0]);
        if (gradient === undefined || source === undefined) continue;
        const during = <T>(run: () => T): T => {
          const before = forward;
          forward = source;
          try {
            return tracedGradient(run);
          } finally {
            forward = before;
          }
        };
        node.gradient = function (this: typeof node, dys) {
          const made = during(() => gradient.call(this, dys));
          return Object.fromEntries(Object.entries(made).map(([name, input]) => [name, () => during(input)]));
        };
      }
    },
  };
}

/** Marks, by its name on the stack, where the code of a gradient begins. */
function tracedGradient<T>(run: () => T): T {
  return run();
}
