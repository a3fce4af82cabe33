import type { NodeTiming, Plan } from '../engine.js';
import type { Node } from '../graph/graph.js';
import { costOf } from './cost.js';
import { liveness, type MemoryPlan, type Moment, planMemory } from './memory.js';

/** Multiply-adds a microsecond: what an estimate is turned into time with. Order of magnitude of one current CPU core. */
const PER_MICROSECOND = 50_000;

/** One kernel call with its time. */
export interface Call {
  readonly node: Node;
  /** Microseconds since the function began: measured, or the sum of the estimates before. */
  readonly start: number;
  /** Microseconds. */
  readonly duration: number;
}

/** What is known about one compiled signature. */
export interface Explained {
  /** The arguments, for people. */
  readonly signature: string;
  readonly calls: readonly Call[];
  /** True when a clock gave the times, false when they are estimated from shapes. */
  readonly measured: boolean;
  readonly moments: readonly Moment[];
  readonly memory: MemoryPlan;
  /** Of the time measured, what the engine spent on steps of its own. */
  readonly unattributed: number;
}

/** What {@link explainPlan} is given. */
export interface ExplainInput {
  readonly signature: string;
  readonly plan: Plan;
  readonly timings?: readonly NodeTiming[] | undefined;
}

/** Works out costs and memory of what an engine will run. */
export function explainPlan({ signature, plan, timings }: ExplainInput): Explained {
  const { graph, order = graph.nodes } = plan;
  const moments = liveness(graph, order);
  const { calls, unattributed } = timings === undefined ? estimated(order) : measured(timings);
  return {
    signature,
    calls,
    measured: timings !== undefined,
    moments,
    memory: planMemory(graph, moments),
    unattributed,
  };
}

function estimated(order: readonly Node[]): { calls: Call[]; unattributed: number } {
  let start = 0;
  const calls = order.map((node): Call => {
    const duration = costOf(node).total / PER_MICROSECOND;
    const call = { node, start, duration };
    start += duration;
    return call;
  });
  return { calls, unattributed: 0 };
}

/** Several of the engine's nodes come from one of the graph; some are its own. */
function measured(timings: readonly NodeTiming[]): { calls: Call[]; unattributed: number } {
  let unattributed = 0;
  const calls = timings.flatMap(({ node, start, duration }): Call[] => {
    if (node !== undefined) return [{ node, start, duration }];
    unattributed += duration;
    return [];
  });
  return { calls, unattributed };
}
