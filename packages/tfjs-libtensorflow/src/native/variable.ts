import { AttributeKind } from './attribute.js';
import { DataType } from './data-type.js';
import type { Handle, Runtime } from './runtime.js';

/** TensorFlow's name for a variable that lives as long as its handles and is known to nobody else. */
const ANONYMOUS = 'cd2c89b7-88b7-44c8-ad83-06c2a9158347';

const float = { name: 'dtype', type: AttributeKind.type, value: DataType.float32 };

/**
 * A resource variable of float32, set to a tensor's elements; releasing the handle frees it. The tensor stays as it is: what
 * updates the variable copies first while somebody else holds the memory.
 *
 * @param device - full name of the device that holds it.
 */
export function createVariable(runtime: Runtime, shape: readonly number[], value: Handle, device: string): Handle {
  const attributes = [
    float,
    { name: 'shape', type: AttributeKind.shape, value: shape },
    { name: 'shared_name', type: AttributeKind.string, value: ANONYMOUS },
    { name: 'container', type: AttributeKind.string, value: '' },
  ];
  const [variable] = runtime.execute('VarHandleOp', [], 1, { attributes, device });
  if (variable === undefined) throw new Error('createVariable: expected one handle from VarHandleOp, got none.');
  try {
    runtime.execute('AssignVariableOp', [variable, value], 0, { attributes: [float] });
  } catch (error) {
    runtime.release(variable);
    throw error;
  }
  return variable;
}

/** What a variable holds now, as a tensor that later updates do not change. */
export function readVariable(runtime: Runtime, variable: Handle): Handle {
  const [value] = runtime.execute('ReadVariableOp', [variable], 1, { attributes: [float] });
  if (value === undefined) throw new Error('readVariable: expected one tensor from ReadVariableOp, got none.');
  return value;
}
