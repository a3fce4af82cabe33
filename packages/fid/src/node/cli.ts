import { main } from '@edm2/command/main';
import { runFid } from './cli/program.js';

main(runFid);
