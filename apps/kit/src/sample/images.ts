export { type PixelBatch, sliceBatch } from 'edm2/parts';
