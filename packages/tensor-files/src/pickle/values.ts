import type { NpyData, NpyDtype } from '../npy/npy-dtype.js';
import type { ByteSource } from './byte-source.js';
import type { TorchStorage, TorchTensor } from './torch-tensor.js';

/**
 * What a pickle holds. Tuples and lists are arrays, dictionaries (OrderedDict and EasyDict too) Maps; integers beyond 2⁵³ bigints.
 * Values that the file shares are shared here too, and may contain themselves.
 */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | LongBytes
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Set<PickleValue>
  | PickleGlobal
  | PickleObject
  | PickledArray
  | PickledDtype
  | TorchStorage
  | TorchTensor
  | OpaqueTensor;

/** A class or function as a value: its name and nothing else. */
export class PickleGlobal {
  /** `module.name`. */
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** What a call of an allowed name stands for, when this package has no meaning for it: nothing is called, the parts are kept. */
export class PickleObject {
  /** `module.name` of the class or function. */
  readonly global: string;
  readonly args: readonly PickleValue[];
  readonly keywords: ReadonlyMap<PickleValue, PickleValue>;
  /** The object's `__dict__`, or what it gave for it. */
  state: PickleValue | undefined = undefined;
  /** Entries of a subclass of dict. */
  readonly entries = new Map<PickleValue, PickleValue>();
  /** Items of a subclass of list. */
  readonly items: PickleValue[] = [];

  constructor(global: string, args: readonly PickleValue[], keywords: ReadonlyMap<PickleValue, PickleValue>) {
    this.global = global;
    this.args = args;
    this.keywords = keywords;
  }
}

/** A long bytes object that is still in the file. */
export class LongBytes {
  readonly source: ByteSource;
  constructor(source: ByteSource) {
    this.source = source;
  }
  get length(): number {
    return this.source.length;
  }
  /** Reads it whole. */
  async read(): Promise<Uint8Array> {
    return new Uint8Array(await this.source.load(0, this.source.length));
  }
}

/** An element type of NumPy as a value: `f4` and its byte order. */
export class PickledDtype {
  readonly code: string;
  order = '=';
  /** Whether it is of records with fields, or of parts. */
  isCompound = false;
  constructor(code: string) {
    this.code = code;
  }
}

/** An array of NumPy: row-major and little-endian whatever order the file has. */
export class PickledArray {
  dtype: NpyDtype = '<f8';
  shape: number[] = [0];
  /** For an array of something else than numbers: what it holds, and what helps. Its `data` cannot be had then. */
  unread: { readonly what: string; readonly remedy: string } | undefined;
  #data: NpyData = new Float64Array();

  /** @throws {TypeError} when it holds something else than numbers. */
  get data(): NpyData {
    if (this.unread)
      throw new TypeError(
        `PickledArray: expected an array of numbers, got ${this.unread.what}. ${this.unread.remedy}.`,
      );
    return this.#data;
  }

  set data(data: NpyData) {
    this.#data = data;
  }
}

/**
 * A tensor that is not an array of numbers, or not one of a type that is read here: what it is, and its parts as the file has them. Tensors
 * beside it are read; whoever needs this one is told what it is.
 */
export class OpaqueTensor {
  /** What it is: `a sparse tensor (torch.sparse_coo)`. */
  readonly kind: string;
  readonly parts: readonly PickleValue[];
  /** Where the file has it: keys down to it, joined by dots. */
  name = '';

  constructor(kind: string, parts: readonly PickleValue[] = []) {
    this.kind = kind;
    this.parts = parts;
  }
}
