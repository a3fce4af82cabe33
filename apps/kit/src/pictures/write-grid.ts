export { writeGrid } from 'edm2/parts';
