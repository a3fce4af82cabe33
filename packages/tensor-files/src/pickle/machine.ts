import type { ByteSource } from './byte-source.js';
import type { CallContext, Meaning } from './call.js';
import { Cursor } from './cursor.js';
import { describe } from './describe.js';
import {
  MAX_COPIES,
  MAX_EXPANDED_BYTES,
  MAX_INTEGER_BYTES,
  MAX_MARKS,
  MAX_MEMO,
  MAX_STACK,
  MAX_VISITS,
} from './limits.js';
import { buildArray, buildDtype } from './numpy.js';
import { PickleParseError } from './parse-error.js';
import { PickledArray, PickledDtype, PickleGlobal, PickleObject, type PickleValue } from './values.js';

/** What a pickle is read with. */
export interface MachineOptions {
  /** For errors. */
  readonly file: string;
  /** The file that tensors name in errors; default `file`. */
  readonly tensorFile?: string;
  readonly start?: number;
  /** Names that may be resolved, `module.name`. */
  readonly allow: readonly string[];
  /** What calls of names stand for; a call of another name is kept in its parts. */
  readonly meanings: Readonly<Record<string, Meaning>>;
  /** Longest bytes object that is read at once. */
  readonly eagerBytes: number;
  /** What a persistent id stands for, `undefined` when nothing. */
  readonly persistent?: (id: PickleValue) => PickleValue | undefined;
}

const DAMAGED = 'The file is damaged: fetch it again.';

/** The stack and memory that instructions work on. */
export class Machine {
  readonly cursor: Cursor;
  readonly #options: MachineOptions;
  readonly #allow: ReadonlySet<string>;
  readonly #context: CallContext;
  readonly #memo = new Map<number, PickleValue>();
  readonly #marks: PickleValue[][] = [];
  #stack: PickleValue[] = [];
  #held = 0;

  constructor(source: ByteSource, options: MachineOptions) {
    this.#options = options;
    this.#allow = new Set(options.allow);
    this.cursor = new Cursor(source, options.file, options.start ?? 0, options.eagerBytes);
    let copied = 0;
    let expanded = 0;
    let visited = 0;
    this.#context = {
      fail: (code, text, cause) => this.cursor.fail(code, text, cause),
      file: options.file,
      spend: (bytes) => {
        copied += bytes;
        if (copied > MAX_COPIES * source.length)
          this.cursor.fail('too-large', `expected to copy each byte once or twice, got more. ${DAMAGED}`);
      },
      visit: (items) => {
        visited += items;
        if (visited > MAX_VISITS * source.length)
          this.cursor.fail('too-large', `expected to go through each item some times, got more. ${DAMAGED}`);
      },
      expand: (bytes) => {
        if (expanded + bytes > MAX_EXPANDED_BYTES) return false;
        expanded += bytes;
        return true;
      },
    };
  }

  /** The one value that is left when the pickle ends. */
  result(): PickleValue {
    const value = this.pop();
    if (this.#stack.length > 0 || this.#marks.length > 0)
      this.cursor.fail('stack', `expected one value at the end, got more. ${DAMAGED}`);
    return value;
  }

  mark(): void {
    if (this.#marks.length >= MAX_MARKS)
      this.cursor.fail('too-large', `expected at most ${MAX_MARKS} marks. ${DAMAGED}`);
    this.#marks.push(this.#stack);
    this.#stack = [];
  }

  /** Drops a value, or a mark when nothing is above it. */
  drop(): void {
    if (this.#stack.length === 0 && this.#marks.length > 0) this.toMark();
    else this.pop();
  }

  push(value: PickleValue): void {
    if (++this.#held > MAX_STACK)
      this.cursor.fail('too-large', `expected at most ${MAX_STACK} values at once. ${DAMAGED}`);
    this.#stack.push(value);
  }

  pop(): PickleValue {
    if (this.#stack.length === 0) this.cursor.fail('stack', `expected a value, got none. ${DAMAGED}`);
    this.#held--;
    return this.#stack.pop() as PickleValue;
  }

  popMany(count: number): PickleValue[] {
    if (this.#stack.length < count)
      this.cursor.fail('stack', `expected ${count} values, got ${this.#stack.length}. ${DAMAGED}`);
    this.#held -= count;
    return this.#stack.splice(-count);
  }

  top(): PickleValue {
    const value = this.#stack.at(-1);
    return value === undefined ? this.cursor.fail('stack', `expected a value, got none. ${DAMAGED}`) : value;
  }

  toMark(): PickleValue[] {
    const items = this.#stack;
    const below = this.#marks.pop();
    if (!below) return this.cursor.fail('stack', `expected a mark, got none. ${DAMAGED}`);
    this.#held -= items.length;
    this.#stack = below;
    return items;
  }

  integer(length: number): PickleValue {
    if (length < 0 || length > MAX_INTEGER_BYTES)
      this.cursor.fail(
        'too-large',
        `expected an integer of at most ${MAX_INTEGER_BYTES} bytes, got ${length}. ${DAMAGED}`,
      );
    if (length === 0) return 0;
    const hex = Buffer.from(this.cursor.small(length)).reverse().toString('hex');
    const value = BigInt.asIntN(8 * length, BigInt(`0x${hex}`));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  extend(items: PickleValue[]): void {
    const target = this.top();
    const list = target instanceof PickleObject ? target.items : target;
    if (Array.isArray(list)) for (const item of items) list.push(item);
    else this.cursor.fail('stack', `expected a list, got ${describe(target)}. ${DAMAGED}`);
  }

  setItems(target: PickleValue, pairs: readonly PickleValue[]): PickleValue {
    const map = target instanceof PickleObject ? target.entries : target;
    if (!(map instanceof Map) || pairs.length % 2 !== 0)
      return this.cursor.fail('stack', `expected a dictionary and pairs, got ${describe(target)}. ${DAMAGED}`);
    for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i] as PickleValue, pairs[i + 1] as PickleValue);
    return target;
  }

  /** Keeps the top value under an index, the next free one by default. */
  remember(index = this.#memo.size): void {
    if (this.#memo.size >= MAX_MEMO)
      this.cursor.fail('too-large', `expected at most ${MAX_MEMO} remembered values. ${DAMAGED}`);
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    // null is remembered too.
    const value = this.#memo.get(index);
    this.push(
      value !== undefined
        ? value
        : this.cursor.fail('stack', `expected remembered value ${index}, got none. ${DAMAGED}`),
    );
  }

  global(module: PickleValue | undefined, attribute: PickleValue | undefined): void {
    if (typeof module !== 'string' || typeof attribute !== 'string')
      this.cursor.fail('stack', `expected two texts, got other values. ${DAMAGED}`);
    const name = `${module}.${attribute}`;
    if (!this.#allow.has(name))
      throw new PickleParseError(
        'global',
        { file: this.cursor.file, offset: this.cursor.at, field: this.cursor.field },
        `expected only names that were allowed, got ${JSON.stringify(name.slice(0, 200))}. Nothing was run; do not trust the file unless you know why it asks for that.`,
        undefined,
        name,
      );
    this.push(new PickleGlobal(name));
  }

  call(callee: PickleValue | undefined, args: PickleValue | undefined, keywords: PickleValue | undefined): void {
    if (callee instanceof PickleGlobal && Array.isArray(args) && keywords instanceof Map) {
      const { meanings } = this.#options;
      const meaning = Object.hasOwn(meanings, callee.name) ? meanings[callee.name] : undefined;
      this.push(meaning ? meaning(args, this.#context) : new PickleObject(callee.name, args, keywords));
    } else this.cursor.fail('stack', `expected a name and its arguments, got ${describe(callee)}. ${DAMAGED}`);
  }

  addItems(items: readonly PickleValue[]): void {
    const set = this.top();
    if (set instanceof Set) for (const item of items) set.add(item);
    else this.cursor.fail('stack', `expected a set, got ${describe(set)}. ${DAMAGED}`);
  }

  /** Pushes the value that an id stands for. */
  persistent(id: PickleValue): void {
    const value = this.#options.persistent?.(id);
    const tag = describe(Array.isArray(id) ? id[0] : id);
    if (value !== undefined) this.push(value);
    else this.cursor.fail('persistent-id', `expected a storage of torch, got ${tag}. Was it saved by another tool?`);
  }

  protocol(version: number): void {
    if (version > 5)
      this.cursor.fail('protocol', `expected protocol 0 to 5, got ${version}. Save the file again with one of them.`);
  }

  build(state: PickleValue): void {
    const target = this.top();
    if (target instanceof PickledDtype) buildDtype(target, state, this.#context);
    else if (target instanceof PickledArray) buildArray(target, state, this.#context);
    else if (target instanceof PickleObject) target.state = state;
    // A dictionary's attributes, such as a state dict's _metadata, are nothing that anybody needs.
    else if (!(target instanceof Map))
      this.cursor.fail('stack', `expected an object to give state to, got ${describe(target)}. ${DAMAGED}`);
  }
}
