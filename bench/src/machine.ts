import { createRequire } from 'node:module';
import { cpus, release, totalmem, type } from 'node:os';
import { describeGpus } from './gpus.js';
import { hasPyTorch, startOurs, startPyTorch, THREADS } from './places.js';

const load = createRequire(import.meta.url);
const version = (name: string): string => (load(`${name}/package.json`) as { version: string }).version;

/** What a figure depends on, in one line. */
export async function describeMachine(): Promise<string> {
  const processors = cpus();
  return [
    `${processors[0]?.model.trim() ?? 'unknown processor'}, ${processors.length} cores`,
    `${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${type()} ${release().split('-')[0]}`,
    `Node ${process.versions.node}`,
    `onnxruntime-node ${version('onnxruntime-node')}`,
    `@tensorflow/tfjs ${version('@tensorflow/tfjs')}`,
    await describeLibrary(),
    ...describeGpus(),
    await describePython(),
    `${THREADS} threads each`,
    new Date().toISOString().slice(0, 10),
  ].join(' · ');
}

async function describePython(): Promise<string> {
  if (!hasPyTorch()) return 'no PyTorch';
  const peer = startPyTorch();
  try {
    const { torch, numpy, python } = await peer.ask({ work: 'info' });
    return `PyTorch ${torch}, numpy ${numpy}, Python ${python}`;
  } catch {
    return 'PyTorch does not start';
  } finally {
    peer.close();
  }
}

async function describeLibrary(): Promise<string> {
  const peer = startOurs();
  try {
    const { version } = await peer.ask({ work: 'start', engine: 'libtensorflow' });
    return `libtensorflow ${version}`;
  } catch {
    return 'no libtensorflow';
  } finally {
    peer.close();
  }
}
