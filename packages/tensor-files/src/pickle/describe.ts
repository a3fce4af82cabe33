import { PickledDtype, PickleGlobal } from './values.js';

/** A value in an error text. */
export function describe(value: unknown): string {
  if (value === undefined) return 'nothing';
  if (value instanceof PickleGlobal) return value.name;
  if (value instanceof PickledDtype) return value.order + value.code;
  if (value === null || typeof value !== 'object') return JSON.stringify(String(value).slice(0, 80));
  return value.constructor.name;
}

/** True for what can be a size, a length or an offset. */
export const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
