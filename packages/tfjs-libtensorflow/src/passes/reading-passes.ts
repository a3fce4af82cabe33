import {
  at,
  type Graph,
  isScalar,
  type Matcher,
  matcher,
  type Node,
  numbers,
  sizeOf,
  usesOf,
  type Value,
} from '@edm2/tfjs-jit/graph';

/** Below this many elements a pass over a tensor costs less than the calls that would save it. */
const MIN_SIZE = 1 << 14;

/**
 * Replaces two common pairs of kernels, each of which writes a tensor of the full size that only the second one reads, by
 * one kernel that only reads: `mean(x²)` (a norm) becomes `MeanSquare`, `where(isFinite(x), x, 0)` becomes `FiniteOrZero`,
 * which passes x on as it is unless something in it is not finite.
 *
 * Both names are the compiler's own; TensorFlow's lowering knows them.
 */
export function fuseReadingPasses(graph: Graph): Graph {
  const match = matcher(graph);
  const uses = usesOf(graph);
  const nodes = graph.nodes.map((node): Node => {
    if (node.inputs.every(({ shape }) => sizeOf(shape) < MIN_SIZE)) return node;
    return meanSquare(node, match, uses) ?? finiteOrZero(node, match) ?? node;
  });
  return { ...graph, nodes };
}

function meanSquare(node: Node, { made }: Matcher, uses: ReadonlyMap<Value, number>): Node | undefined {
  const [squares] = node.inputs;
  const square = node.kernel === 'Mean' && numbers(node.attrs, 'axis').length > 0 ? made(squares, 'Square') : undefined;
  if (squares === undefined || square === undefined || uses.get(squares) !== 1) return undefined;
  const x = at(square.inputs, 0);
  return x.dtype === 'float32' ? { ...node, kernel: 'MeanSquare', inputs: [x] } : undefined;
}

function finiteOrZero(node: Node, { made, number }: Matcher): Node | undefined {
  const [condition, x, otherwise] = node.inputs;
  if (node.kernel !== 'Select' || condition === undefined || x?.dtype !== 'float32') return undefined;
  const isZero = otherwise !== undefined && isScalar(otherwise) && number(otherwise) === 0;
  if (!isZero || made(condition, 'IsFinite')?.inputs[0] !== x) return undefined;
  return { ...node, kernel: 'FiniteOrZero', inputs: [x] };
}
