import { readFileSync, writeFileSync } from 'node:fs';
import type { MemoryPlan } from '@edm2/tfjs-jit';
import type { StepRun } from './runs.js';

/** What a step needs, as planned and as measured. */
export interface Peak {
  readonly plan: MemoryPlan;
  /** Most of the resident set during the measured steps, in MiB, beyond what the process held before anything was made. */
  readonly resident: number;
}

/** Until pools have found their size. */
const WARM_UP = 2;

/** Runs a step a few times and watches the largest resident set of those runs. */
export function measurePeak(make: () => StepRun, runs: number): Peak {
  globalThis.gc?.();
  const before = process.memoryUsage.rss() / 2 ** 20;
  const step = make();
  // Before anything is compiled: a plan does not need it.
  const plan = step.memory();
  for (let i = 0; i < WARM_UP; i++) step.run();
  globalThis.gc?.();
  forgetPeak();
  for (let i = 0; i < runs; i++) step.run();
  return { plan, resident: peak() - before };
}

/** Makes the kernel count the largest resident set anew: what compiling needed is another question. */
function forgetPeak(): void {
  writeFileSync('/proc/self/clear_refs', '5');
}

function peak(): number {
  const [, kibibytes] = /VmHWM:\s+(\d+)/.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}
