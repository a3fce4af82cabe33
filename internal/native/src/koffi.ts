import koffi from 'koffi';

/** Bytes of the stacks that C code runs on. Compilers need more than koffi's 2 MiB, and much more than its 128 KiB beside the event loop. */
const STACK = 16 << 20;

/**
 * Sets koffi's stacks, which it can be told before it opens its first library only, whoever asks for that: all packages here
 * open theirs through this module.
 *
 * @returns false when other code was first, with less.
 */
function widen(): boolean {
  const isWide = (): boolean => {
    const { sync_stack_size: sync = 0, async_stack_size: async = 0 } = koffi.config();
    return Math.min(sync, async) >= STACK;
  };
  if (isWide()) return true;
  try {
    koffi.config({ ...koffi.config(), sync_stack_size: STACK, async_stack_size: STACK, resident_async_pools: 2 });
  } catch {
    // A library is open already.
  }
  return isWide();
}

/** Whether C code has room for a compiler. */
export const hasWideStacks: boolean = widen();

export { koffi };
