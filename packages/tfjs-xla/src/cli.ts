import { main } from '@edm2/command/main';
import { runCommand } from './cli/program.js';

main((args, io) => runCommand(args, io));
