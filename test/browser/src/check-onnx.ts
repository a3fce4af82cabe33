import { onnx } from 'onnx-proto';

/** Bytes of an element, by ONNX's type number. */
const BYTES: Readonly<Record<number, number>> = { 1: 4, 6: 4, 7: 8, 9: 1 };

/**
 * Reads a model with the reference decoder and holds it against the format's rules: one standard operator set, tensors
 * defined once and before their use, initializers as long as their shape says, every result made, everything typed.
 *
 * @returns what breaks a rule; nothing for a sound model.
 */
export function checkOnnx(bytes: Uint8Array): string[] {
  const { graph, opsetImport, irVersion } = onnx.ModelProto.decode(bytes);
  const problems: string[] = [];
  const refuse = (broken: boolean, problem: string): void => {
    if (broken) problems.push(problem);
  };
  if (!graph) return ['no graph'];
  refuse(Number(irVersion) < 3, `IR version ${irVersion}`);
  const domains = (opsetImport ?? []).map(({ domain, version }) => `${domain ?? ''}:${version}`);
  refuse(domains.join() !== ':17', `operator sets ${domains}`);

  const defined = new Set<string>();
  const define = (name: string | null | undefined, what: string): void => {
    refuse(!name, `${what} without a name`);
    refuse(defined.has(name ?? ''), `${what} ${name} is defined twice`);
    defined.add(name ?? '');
  };
  for (const { name, dims, dataType, rawData } of graph.initializer ?? []) {
    define(name, 'initializer');
    const size = (dims ?? []).reduce<number>((product, n) => product * Number(n), 1);
    const expected = size * (BYTES[dataType ?? 0] ?? Number.NaN);
    refuse(rawData?.length !== expected, `initializer ${name} of ${rawData?.length} bytes, not ${expected}`);
  }
  for (const port of graph.input ?? []) {
    define(port.name, 'input');
    refuse(!isTyped(port), `input ${port.name} has no type or shape`);
  }
  const nodeNames = new Set<string>();
  for (const { name, opType, domain, input, output } of graph.node ?? []) {
    refuse(!opType, `node ${name} without an operator`);
    refuse(Boolean(domain), `${opType} of ${domain}`);
    refuse(nodeNames.has(name ?? ''), `two nodes are called ${name}`);
    nodeNames.add(name ?? '');
    for (const used of input ?? [])
      refuse(used !== '' && !defined.has(used), `${opType} uses ${used} before it is made`);
    for (const made of output ?? []) define(made, `output of ${opType}`);
  }
  const outputs = new Set<string>();
  for (const port of graph.output ?? []) {
    refuse(!defined.has(port.name ?? ''), `result ${port.name} is never made`);
    refuse(outputs.has(port.name ?? ''), `two results are called ${port.name}`);
    refuse(!isTyped(port), `result ${port.name} has no type or shape`);
    outputs.add(port.name ?? '');
  }
  return problems;
}

function isTyped({ type }: onnx.IValueInfoProto): boolean {
  const { elemType, shape } = type?.tensorType ?? {};
  return (elemType ?? 0) in BYTES && (shape?.dim ?? []).every(({ dimValue }) => Number(dimValue) > 0);
}
