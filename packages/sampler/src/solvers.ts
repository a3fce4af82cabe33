import { dpmpp2m } from './dpmpp2m.js';
import { euler } from './euler.js';
import { heun } from './heun.js';

/** The solvers by name, as command lines have them. */
export const solvers = { heun, euler, dpmpp2m } as const;
