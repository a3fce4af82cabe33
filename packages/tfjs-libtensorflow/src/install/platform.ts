import { isGlibcAtLeast, type Machine } from '@edm2/wheels/machine';
import { PLATFORMS, type Platform, type Version } from './catalogue.js';

/** Least glibc of each release, from the wheels' platform tags. */
const GLIBC: Readonly<Record<Version, number>> = { '2.21.0': 2.27, '2.16.2': 2.17 };
/** Darwin 21 is macOS 12, the least of the wheels' platform tags. */
const DARWIN = 21;
const NODE = 20;

/**
 * The pinned builds' name for a machine.
 *
 * @throws {Error} where there is no build: old Node, Windows, musl, an old system.
 */
export function platformOf(machine: Machine, version: Version): Platform {
  checkNode(machine.node);
  const name = `${machine.platform}-${machine.arch}`;
  const found = PLATFORMS.find((platform) => platform === name);
  if (found === undefined) throw notHere(PLATFORMS.join(', '), name);
  if (machine.platform === 'darwin') {
    if (Number.parseInt(machine.release, 10) < DARWIN) throw notHere('macOS 12 or newer', `Darwin ${machine.release}`);
    return found;
  }
  const least = GLIBC[version];
  const { glibc } = machine;
  if (glibc === undefined) throw notHere(`glibc ${least} or newer`, 'another C library');
  if (!isGlibcAtLeast(glibc, Math.round((least - 2) * 100)))
    throw notHere(`glibc ${least} or newer for TensorFlow ${version}`, `glibc ${glibc}`);
  return found;
}

const notHere = (expected: string, got: string): Error =>
  new Error(`tfjs-libtensorflow: expected ${expected}, got ${got}. It is not available here: use onnxruntime.`);

/**
 * Not tfjs-jit's check: that package loads TensorFlow.js, which this package's command need not have.
 *
 * @throws {Error} for a Node.js that is too old.
 */
export function checkNode(version: string): void {
  if (Number.parseInt(version, 10) < NODE)
    throw new Error(
      `tfjs-libtensorflow: expected Node.js ${NODE} or newer, got ${version}. Install a current Node.js.`,
    );
}
