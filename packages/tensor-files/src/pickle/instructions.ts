import {
  parseFloatLine,
  parseIndexLine,
  parseIntLine,
  parseLongLine,
  parseStringLine,
  parseUnicodeLine,
} from './lines.js';
import type { Machine } from './machine.js';

/** What an instruction does; STOP has none. */
type Step = (machine: Machine) => void;

const call: Step = (m) => {
  const [callee, args] = m.popMany(2);
  m.call(callee, args, new Map());
};

const callWithKeywords: Step = (m) => {
  const [callee, args, keywords] = m.popMany(3);
  m.call(callee, args, keywords);
};

const stackGlobal: Step = (m) => {
  const [module, attribute] = m.popMany(2);
  m.global(module, attribute);
};

/** A class named by two lines, called with what stands after the mark. */
const instance: Step = (m) => {
  m.global(m.cursor.line(), m.cursor.line());
  const callee = m.pop();
  m.call(callee, m.toMark(), new Map());
};

/** A class, the first value after the mark, called with the others. */
const object: Step = (m) => {
  const [callee, ...args] = m.toMark();
  m.call(callee, args, new Map());
};

const setItem: Step = (m) => {
  const pair = m.popMany(2);
  m.setItems(m.top(), pair);
};

const setItems: Step = (m) => {
  const pairs = m.toMark();
  m.setItems(m.top(), pairs);
};

/**
 * Instructions of protocols 0 to 5 by their byte: name and effect. Left out are extensions, whose meaning stands in no file, and the buffers
 * of protocol 5 that lie outside of it.
 */
export const INSTRUCTIONS: Readonly<Record<number, readonly [name: string, step?: Step]>> = {
  40: ['MARK', (m) => m.mark()],
  41: ['EMPTY_TUPLE', (m) => m.push([])],
  46: ['STOP'],
  48: ['POP', (m) => m.drop()],
  49: ['POP_MARK', (m) => void m.toMark()],
  50: ['DUP', (m) => m.push(m.top())],
  70: ['FLOAT', (m) => m.push(parseFloatLine(m.cursor))],
  73: ['INT', (m) => m.push(parseIntLine(m.cursor))],
  76: ['LONG', (m) => m.push(parseLongLine(m.cursor))],
  80: ['PERSID', (m) => m.persistent(m.cursor.line())],
  83: ['STRING', (m) => m.push(parseStringLine(m.cursor))],
  86: ['UNICODE', (m) => m.push(parseUnicodeLine(m.cursor))],
  103: ['GET', (m) => m.recall(parseIndexLine(m.cursor))],
  105: ['INST', instance],
  111: ['OBJ', object],
  112: ['PUT', (m) => m.remember(parseIndexLine(m.cursor))],
  66: ['BINBYTES', (m) => m.push(m.cursor.bytes(m.cursor.u32()))],
  67: ['SHORT_BINBYTES', (m) => m.push(m.cursor.bytes(m.cursor.u8()))],
  71: ['BINFLOAT', (m) => m.push(m.cursor.f64())],
  74: ['BININT', (m) => m.push(m.cursor.i32())],
  75: ['BININT1', (m) => m.push(m.cursor.u8())],
  77: ['BININT2', (m) => m.push(m.cursor.u16())],
  78: ['NONE', (m) => m.push(null)],
  81: ['BINPERSID', (m) => m.persistent(m.pop())],
  82: ['REDUCE', call],
  84: ['BINSTRING', (m) => m.push(m.cursor.text(m.cursor.u32(), 'latin1'))],
  85: ['SHORT_BINSTRING', (m) => m.push(m.cursor.text(m.cursor.u8(), 'latin1'))],
  88: ['BINUNICODE', (m) => m.push(m.cursor.text(m.cursor.u32(), 'utf8'))],
  93: ['EMPTY_LIST', (m) => m.push([])],
  97: ['APPEND', (m) => m.extend([m.pop()])],
  98: ['BUILD', (m) => m.build(m.pop())],
  99: ['GLOBAL', (m) => m.global(m.cursor.line(), m.cursor.line())],
  100: ['DICT', (m) => m.push(m.setItems(new Map(), m.toMark()))],
  101: ['APPENDS', (m) => m.extend(m.toMark())],
  104: ['BINGET', (m) => m.recall(m.cursor.u8())],
  106: ['LONG_BINGET', (m) => m.recall(m.cursor.u32())],
  108: ['LIST', (m) => m.push(m.toMark())],
  113: ['BINPUT', (m) => m.remember(m.cursor.u8())],
  114: ['LONG_BINPUT', (m) => m.remember(m.cursor.u32())],
  115: ['SETITEM', setItem],
  116: ['TUPLE', (m) => m.push(m.toMark())],
  117: ['SETITEMS', setItems],
  // A Map: keys may be numbers, and `__proto__` must be a key like any other.
  125: ['EMPTY_DICT', (m) => m.push(new Map())],
  128: ['PROTO', (m) => m.protocol(m.cursor.u8())],
  129: ['NEWOBJ', call],
  133: ['TUPLE1', (m) => m.push(m.popMany(1))],
  134: ['TUPLE2', (m) => m.push(m.popMany(2))],
  135: ['TUPLE3', (m) => m.push(m.popMany(3))],
  136: ['NEWTRUE', (m) => m.push(true)],
  137: ['NEWFALSE', (m) => m.push(false)],
  138: ['LONG1', (m) => m.push(m.integer(m.cursor.u8()))],
  139: ['LONG4', (m) => m.push(m.integer(m.cursor.i32()))],
  140: ['SHORT_BINUNICODE', (m) => m.push(m.cursor.text(m.cursor.u8(), 'utf8'))],
  141: ['BINUNICODE8', (m) => m.push(m.cursor.text(m.cursor.u64(), 'utf8'))],
  142: ['BINBYTES8', (m) => m.push(m.cursor.bytes(m.cursor.u64()))],
  143: ['EMPTY_SET', (m) => m.push(new Set())],
  144: ['ADDITEMS', (m) => m.addItems(m.toMark())],
  145: ['FROZENSET', (m) => m.push(new Set(m.toMark()))],
  146: ['NEWOBJ_EX', callWithKeywords],
  147: ['STACK_GLOBAL', stackGlobal],
  148: ['MEMOIZE', (m) => m.remember()],
  149: ['FRAME', (m) => m.cursor.need(m.cursor.u64())],
  150: ['BYTEARRAY8', (m) => m.push(m.cursor.bytes(m.cursor.u64()))],
};
