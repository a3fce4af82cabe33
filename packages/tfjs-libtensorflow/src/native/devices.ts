import type { Api, Pointer } from './api.js';

/** A device that TensorFlow can run on. */
export interface Device {
  /** Full name, as operations are placed with. */
  readonly name: string;
  /** `CPU`, `GPU`, … */
  readonly type: string;
}

/** The devices of a context. A GPU that is not here does not answer: TensorFlow itself says nothing of it. */
export function listDevices(api: Api, context: Pointer, status: Pointer, check: () => void): Device[] {
  const list = api.TFE_ContextListDevices(context, status);
  check();
  try {
    return Array.from({ length: api.TF_DeviceListCount(list) }, (_, i) => {
      const name = api.TF_DeviceListName(list, i, status);
      const type = api.TF_DeviceListType(list, i, status);
      check();
      return { name, type };
    });
  } finally {
    api.TF_DeleteDeviceList(list);
  }
}
