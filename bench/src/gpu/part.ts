// What `gpu.ts` starts: one part of its work, in a process of its own, so that a crash costs no other.
import '@tensorflow/tfjs';
import { startXla } from '@edm2/tfjs-xla';
import * as tf from '@tensorflow/tfjs-core';
import { goldens } from './goldens.js';
import type { Precision } from './plan.js';
import { serve } from './serve.js';
import { train } from './train.js';

/** What a part is told, as JSON in its first argument. */
export interface PartOptions {
  readonly part: 'goldens' | 'serve' | 'train';
  /** A path, or a kind. */
  readonly plugin: string;
  readonly precision: Precision;
  readonly seconds: number;
  readonly smoke: boolean;
  readonly grid: string;
}

const { part, plugin, precision, ...options } = JSON.parse(process.argv[2] ?? '{}') as PartOptions;
const engine = await startXla({ plugin, precision: precision === 'tf32' ? 'tf32' : 'float32' });
await tf.setBackend(engine.backend);
const tell = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
if (part === 'serve') await serve(engine);
if (part === 'goldens') for await (const check of goldens(engine)) tell(check);
if (part === 'train') await train({ engine, ...options, say: tell });
process.exit(0);
