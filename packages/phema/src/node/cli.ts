import { main } from '@edm2/command/main';
import { runPhema } from './cli/program.js';

main(runPhema);
