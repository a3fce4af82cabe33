import { keepOpen } from '@edm2/native/keep-open';
import { koffi } from '@edm2/native/koffi';
import { quietly } from './quiet.js';

/** Address of something that the C library owns. */
export type Pointer = bigint;

/** What a C function takes here: numbers, addresses, text, and arrays that it reads or writes in place. */
type Argument = number | bigint | string | ArrayBufferView | readonly Output[] | null;

/** One output of one node of a graph, as the C struct TF_Output. */
export interface Output {
  readonly oper: Pointer;
  readonly index: number;
}

/** A C function; `async` runs it on a thread of its own and calls back. */
export interface Native<Result> {
  (...args: Argument[]): Result;
  async(...args: [...Argument[], (error: Error | null, result: Result) => void]): void;
}

const prototype = <Result>(text: string): { readonly text: string; readonly result?: Result } => ({ text });
const nothing = prototype<void>;
const pointer = prototype<Pointer>;
const integer = prototype<number>;
const string = prototype<string>;

/** The part of TensorFlow's C API that is used here. All of it is in every release from 2.16 on. */
const PROTOTYPES = {
  TF_Version: string('const char *TF_Version()'),
  TF_NewStatus: pointer('void *TF_NewStatus()'),
  TF_DeleteStatus: nothing('void TF_DeleteStatus(void *)'),
  TF_SetStatus: nothing('void TF_SetStatus(void *, int, const char *)'),
  TF_GetCode: integer('int TF_GetCode(const void *)'),
  TF_Message: string('const char *TF_Message(const void *)'),

  TFE_NewContextOptions: pointer('void *TFE_NewContextOptions()'),
  TFE_DeleteContextOptions: nothing('void TFE_DeleteContextOptions(void *)'),
  TFE_ContextOptionsSetConfig: nothing('void TFE_ContextOptionsSetConfig(void *, const void *, size_t, void *)'),
  TFE_NewContext: pointer('void *TFE_NewContext(const void *, void *)'),
  TFE_ContextListDevices: pointer('void *TFE_ContextListDevices(void *, void *)'),
  TF_DeleteDeviceList: nothing('void TF_DeleteDeviceList(void *)'),
  TF_DeviceListCount: integer('int TF_DeviceListCount(const void *)'),
  TF_DeviceListName: string('const char *TF_DeviceListName(const void *, int, void *)'),
  TF_DeviceListType: string('const char *TF_DeviceListType(const void *, int, void *)'),

  TF_AllocateTensor: pointer('void *TF_AllocateTensor(int, const void *, int, size_t)'),
  TF_TensorType: integer('int TF_TensorType(const void *)'),
  TF_TensorData: pointer('void *TF_TensorData(const void *)'),
  TF_TensorByteSize: integer('size_t TF_TensorByteSize(const void *)'),
  TF_DeleteTensor: nothing('void TF_DeleteTensor(void *)'),
  TF_StringInit: nothing('void TF_StringInit(void *)'),
  TF_StringAssignView: nothing('void TF_StringAssignView(void *, const void *, size_t)'),
  TF_StringGetDataPointer: pointer('const void *TF_StringGetDataPointer(const void *)'),
  TF_StringGetSize: integer('size_t TF_StringGetSize(const void *)'),

  TFE_NewTensorHandle: pointer('void *TFE_NewTensorHandle(const void *, void *)'),
  TFE_DeleteTensorHandle: nothing('void TFE_DeleteTensorHandle(void *)'),
  TFE_TensorHandleCopySharingTensor: pointer('void *TFE_TensorHandleCopySharingTensor(void *, void *)'),
  TFE_TensorHandleResolve: pointer('void *TFE_TensorHandleResolve(void *, void *)'),
  TFE_TensorHandleCopyToDevice: pointer('void *TFE_TensorHandleCopyToDevice(void *, void *, const char *, void *)'),
  TFE_TensorHandleDataType: integer('int TFE_TensorHandleDataType(void *)'),
  TFE_TensorHandleNumDims: integer('int TFE_TensorHandleNumDims(void *, void *)'),
  TFE_TensorHandleDim: integer('int64_t TFE_TensorHandleDim(void *, int, void *)'),
  TFE_TensorHandleDeviceName: string('const char *TFE_TensorHandleDeviceName(void *, void *)'),

  TFE_NewOp: pointer('void *TFE_NewOp(void *, const char *, void *)'),
  TFE_DeleteOp: nothing('void TFE_DeleteOp(void *)'),
  TFE_OpSetDevice: nothing('void TFE_OpSetDevice(void *, const char *, void *)'),
  TFE_OpAddInput: nothing('void TFE_OpAddInput(void *, void *, void *)'),
  TFE_OpSetAttrType: nothing('void TFE_OpSetAttrType(void *, const char *, int)'),
  TFE_OpSetAttrBool: nothing('void TFE_OpSetAttrBool(void *, const char *, uint8_t)'),
  TFE_OpSetAttrBoolList: nothing('void TFE_OpSetAttrBoolList(void *, const char *, const void *, int)'),
  TFE_OpSetAttrInt: nothing('void TFE_OpSetAttrInt(void *, const char *, int64_t)'),
  TFE_OpSetAttrIntList: nothing('void TFE_OpSetAttrIntList(void *, const char *, const void *, int)'),
  TFE_OpSetAttrFloat: nothing('void TFE_OpSetAttrFloat(void *, const char *, float)'),
  TFE_OpSetAttrFloatList: nothing('void TFE_OpSetAttrFloatList(void *, const char *, const void *, int)'),
  TFE_OpSetAttrString: nothing('void TFE_OpSetAttrString(void *, const char *, const void *, size_t)'),
  TFE_OpSetAttrShape: nothing('void TFE_OpSetAttrShape(void *, const char *, const void *, int, void *)'),
  TFE_Execute: nothing('void TFE_Execute(void *, void *, void *, void *)'),

  TF_NewGraph: pointer('void *TF_NewGraph()'),
  TF_DeleteGraph: nothing('void TF_DeleteGraph(void *)'),
  TF_NewBufferFromString: pointer('void *TF_NewBufferFromString(const void *, size_t)'),
  TF_DeleteBuffer: nothing('void TF_DeleteBuffer(void *)'),
  TF_NewImportGraphDefOptions: pointer('void *TF_NewImportGraphDefOptions()'),
  TF_DeleteImportGraphDefOptions: nothing('void TF_DeleteImportGraphDefOptions(void *)'),
  TF_GraphImportGraphDef: nothing('void TF_GraphImportGraphDef(void *, const void *, const void *, void *)'),
  TF_GraphOperationByName: pointer('void *TF_GraphOperationByName(void *, const char *)'),
  TF_GraphToFunctionWithControlOutputs: pointer(
    'void *TF_GraphToFunctionWithControlOutputs(const void *, const char *, uint8_t, int, const void *, int, const TF_Output *, int, const TF_Output *, const void *, int, const void *, const void *, const void *, const char *, void *)',
  ),
  TF_FunctionSetAttrValueProto: nothing(
    'void TF_FunctionSetAttrValueProto(void *, const char *, const void *, size_t, void *)',
  ),
  TF_DeleteFunction: nothing('void TF_DeleteFunction(void *)'),
  TFE_ContextAddFunction: nothing('void TFE_ContextAddFunction(void *, void *, void *)'),
  TFE_ContextRemoveFunction: nothing('void TFE_ContextRemoveFunction(void *, const char *, void *)'),
};

type Prototypes = typeof PROTOTYPES;
type ResultOf<P> = P extends { readonly result?: infer R } ? Exclude<R, undefined> : never;

/** TensorFlow's C API, and `memcpy` to move bytes in and out. */
export type Api = { readonly [K in keyof Prototypes]: Native<ResultOf<Prototypes[K]>> } & {
  readonly memcpy: Native<Pointer>;
};

koffi.struct('TF_Output', { oper: 'void *', index: 'int' });

/**
 * Opens TensorFlow's C library.
 *
 * @param file - path of `libtensorflow_cc.so.2` or `libtensorflow_cc.2.dylib`, with its companion library beside it.
 * @throws {Error} when the file cannot be opened, or lacks a function that is needed: a release that is not supported.
 */
export function openApi(file: string): Api {
  const library = quietly(() => attempt(file, () => koffi.load(file)));
  const api: Record<string, unknown> = {};
  for (const [name, { text }] of Object.entries(PROTOTYPES)) {
    api[name] = attempt(file, () => library.func(text));
  }
  keepOpen(file);
  api['memcpy'] = koffi.load(null).func('void *memcpy(void *, const void *, size_t)');
  return api as Api;
}

function attempt<T>(file: string, open: () => T): T {
  try {
    return open();
  } catch (cause) {
    throw new Error(
      `startLibtensorflow: expected ${file} to be TensorFlow's C library of a supported release, got: ${(cause as Error).message}. Install it with: npx tfjs-libtensorflow install`,
      { cause },
    );
  }
}
