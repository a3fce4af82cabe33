import { afterEach, beforeEach, vi } from 'vitest';

/** What was printed since the test began. */
export interface Printed {
  text: string;
  /** Begins anew, for what runs before the tests. */
  listen(): void;
}

/** Keeps what each test of a file prints, instead of showing it. */
export function keepPrinted(): Printed {
  const printed: Printed = {
    text: '',
    listen() {
      printed.text = '';
      const keep = (text: unknown): boolean => {
        printed.text += String(text);
        return true;
      };
      vi.spyOn(process.stderr, 'write').mockImplementation(keep);
      vi.spyOn(process.stdout, 'write').mockImplementation(keep);
    },
  };
  beforeEach(() => printed.listen());
  afterEach(() => vi.restoreAllMocks());
  return printed;
}
