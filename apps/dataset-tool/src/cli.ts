import '@tensorflow/tfjs';
import { runProgram } from './program.js';

// Engines keep threads alive; when the work is done the process ends.
process.exit(await runProgram(process.argv.slice(2)));
