import { clone, type DataId, engine, type Tensor, Variable } from '@tensorflow/tfjs-core';

/** What a function may do to variables while it is traced. */
export interface VariableRules {
  /** Whether a tensor belongs to the trace. */
  readonly isSymbolic: (tensor: Tensor) => boolean;
  /** Makes a variable where the caller's tensors are; left out, making and assigning variables is refused. */
  readonly make?: ((initial: Tensor, make: (initial: Tensor) => Variable) => Variable) | undefined;
}

/** What holds while a function is traced. */
export interface TraceGuard {
  /** Variables that the function has assigned, in the order of their first assignment. */
  assigned(): readonly Variable[];
  /** Variables that the function has made. */
  readonly made: readonly Variable[];
  /** Variables whose numbers the function has read. */
  readonly read: ReadonlySet<Variable>;
  /** True once it asked for gradients to variables. */
  differentiates(): boolean;
  /** Runs something that is no part of the trace. */
  outside<T>(run: () => T): T;
  /** The error for a tensor that outlives the function. */
  kept(): Error;
  /** Gives assigned variables the values back that they had. */
  restore(): void;
  /** Ends the guard. */
  end(): void;
}

const REMEDY =
  'Return the new value, and assign it outside. (A tf.layers BatchNormalization assigns its averages while training: ' +
  'apply the model with { training: false }.)';

/** Methods of TensorFlow.js's engine that the guard puts its own over. */
const HIDDEN = ['makeVariable', 'disposeVariable', 'disposeTensor', 'incRef', 'keep', 'readSync', 'gradients'] as const;

/** Variables that have this data: more than one after `assign`, and then any of them may be meant. */
const variablesWith = (dataId: DataId): Variable[] =>
  Object.values(engine().registeredVariables).filter((variable) => variable.dataId === dataId);

const disposing = (): Error =>
  new Error(
    'jit: expected a function that disposes only of tensors that it made, got the end of one from outside. Dispose it outside.',
  );

const keeping = (): Error =>
  new Error(
    'jit: expected every tensor made in the traced function to end with it, got one that was kept (tf.keep). Return it instead.',
  );

/** Frames between that method and what it keeps or disposes of, and more. */
const DEEP = 50;

/** True below the method with which a recurrent layer puts its states away. */
function isStateful(): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = DEEP;
  const { stack = '' } = new Error();
  Error.stackTraceLimit = stackTraceLimit;
  return /\bresetStates\b/.test(stack);
}

const statefulLayer = (): Error =>
  new Error(
    'jit: expected layers without a state of their own, got a recurrent layer with stateful: true, whose states change from ' +
      'call to call. Make it stateless, pass its states as initialState and return them (returnState: true). Before this one ' +
      'is used op by op again, call resetStates() on it.',
  );

/**
 * Keeps symbolic tensors inside their trace. Variables may be assigned, because BatchNormalization and every optimizer do so: whole training
 * steps of tf.layers models compile as they are. A variable that is assigned stands for its new value until the trace ends, and
 * is then as it was. Optimizers make accumulators on first use; one that is made starts with values that are known. Disposing one is refused at the line that does it.
 * Tensors that are kept, by `tf.keep` or by a gradient that an error cut short, are let go at the end.
 */
export function guardTrace({ isSymbolic, make }: VariableRules): TraceGuard {
  const tf = engine();
  const { disposeTensor, keep, incRef, makeVariable, disposeVariable, readSync, gradients } = tf;
  const { assign } = Variable.prototype;
  const kept: Tensor[] = [];
  const made: Variable[] = [];
  /** What assigned variables held before. */
  const before = new Map<Variable, Variable['dataId']>();
  /** Assigned variables that hold a symbolic value now. */
  const holding = new Set<Variable>();
  const read = new Set<Variable>();
  let differentiates = false;
  /** True while what runs is no part of the trace. */
  let aside = false;

  const outside = <T>(run: () => T): T => {
    const before = aside;
    aside = true;
    try {
      return run();
    } finally {
      aside = before;
    }
  };
  const letGo = (variable: Variable): void => {
    if (holding.delete(variable)) disposeTensor.call(tf, variable);
  };
  const refuse = (variable: Variable, what: string, remedy = REMEDY): never => {
    throw new Error(`jit: expected a function that leaves variables alone, got ${what} '${variable.name}'. ${remedy}`);
  };

  let stateful = false;
  tf.keep = <T extends Tensor>(tensor: T): T => {
    // Gradients keep what they need, within kernels.
    if (tf.state.kernelDepth === 0) stateful ||= isStateful();
    kept.push(tensor);
    return keep.call(tf, tensor) as T;
  };
  tf.makeVariable = (initial, trainable, name, dtype) => {
    if (make === undefined) {
      throw new Error(
        'jit: expected a function that makes no variables, got tf.variable. Make it before the call and close over it; an ' +
          'optimizer makes its own on first use: apply gradients outside.',
      );
    }
    const variable = make(initial, (value) => makeVariable.call(tf, value, trainable, name, dtype));
    made.push(variable);
    return variable;
  };
  tf.disposeVariable = (variable) => {
    if (!made.includes(variable)) refuse(variable, 'the end of', 'Dispose it outside.');
    disposeVariable.call(tf, variable);
  };
  // Assigning calls this first, then incRef with the new value in place.
  tf.disposeTensor = (tensor: Tensor): void => {
    if (aside || (!(tensor instanceof Variable) && isSymbolic(tensor))) {
      disposeTensor.call(tf, tensor);
      return;
    }
    if (!(tensor instanceof Variable)) throw isStateful() ? statefulLayer() : disposing();
    if (make === undefined) refuse(tensor, 'an assignment to');
    if (!before.has(tensor)) before.set(tensor, tensor.dataId);
    letGo(tensor);
  };
  tf.incRef = (tensor, backend) => {
    if (aside || !(tensor instanceof Variable)) {
      incRef.call(tf, tensor, backend);
      return;
    }
    incRef.call(tf, tensor, backend);
    holding.add(tensor);
  };
  // What a variable holds while the function is traced is of the trace: another variable, assigned to it, is read as it is now.
  Variable.prototype.assign = function (this: Variable, value) {
    assign.call(this, aside || isSymbolic(value) ? value : clone(value));
  };

  tf.readSync = (dataId) => {
    if (!aside) for (const variable of variablesWith(dataId)) read.add(variable);
    return readSync.call(tf, dataId);
  };
  tf.gradients = ((f, xs, ...rest) => {
    differentiates ||= xs.some((x) => x instanceof Variable);
    return gradients.call(tf, f, xs, ...rest);
  }) as typeof gradients;

  const restore = (): void => {
    for (const [variable, dataId] of before) {
      letGo(variable);
      variable.dataId = dataId;
    }
    before.clear();
  };
  return {
    made,
    read,
    differentiates: () => differentiates,
    outside,
    kept: () => (stateful ? statefulLayer() : keeping()),
    assigned: () => [...before.keys()],
    restore,
    end() {
      restore();
      Variable.prototype.assign = assign;
      // The methods of the class show again.
      for (const name of HIDDEN) Reflect.deleteProperty(tf, name);
      for (const tensor of kept) if (!tensor.isDisposed && isSymbolic(tensor)) tensor.dispose();
    },
  };
}
