export type { Decoder } from 'edm2/parts';
