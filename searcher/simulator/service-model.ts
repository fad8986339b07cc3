import type { Random } from '../../src/core/random.js';
import type { Candidate } from '../../src/core/trial.js';
import type { Dimension } from '../space/space.js';
import { type ComeBack, type Simulated, type SimulationLength, simulateBatcher } from './simulate-batcher.js';

/** Names under which the simulator knows a dimension. */
const known = {
  instances: ['instance_count', 'instance_group.count', 'instances'],
  maxBatch: ['max_batch_size'],
  queueDelay: ['max_queue_delay_microseconds', 'dynamic_batching.max_queue_delay_microseconds'],
  concurrency: ['concurrency'],
  requestRate: ['request_rate'],
  threads: ['intra_op_thread_count', 'intra_op_threads'],
  clientBatch: ['batch_size', 'client_batch_size'],
} as const;

/** Threads also have an effect of their own: how much faster they make an execution is not known. */
const knownNames: ReadonlySet<string> = new Set(
  Object.entries(known).flatMap(([setting, names]) => (setting === 'threads' ? [] : names)),
);

/** The number of a known dimension; `undefined` when the candidate has none. */
function settingOf(candidate: Candidate, setting: keyof typeof known): number | undefined {
  for (const name of known[setting]) {
    const value = candidate[name];
    if (value !== undefined && Number.isFinite(Number(value))) return Number(value);
  }
  return undefined;
}

/** Inferences that the clients of a closed loop have outstanding; `undefined`: another kind of load. */
export function outstanding(candidate: Candidate): number | undefined {
  const concurrency = settingOf(candidate, 'concurrency');
  return concurrency === undefined ? undefined : concurrency * (settingOf(candidate, 'clientBatch') ?? 1);
}

/**
 * How a server is believed to work: an execution of b inferences takes (a + b x perInference) x (1 + sharing x (busy - 1)), a and
 * perInference being multiplied by e^effect for each effect of the candidate; when the busy instances have more threads than there
 * are lanes to compute in, it takes as many times longer. Between an answer and the next request pass `awaySeconds`. A vector, since
 * it is fitted: the logarithms of a, perInference and away, sharing, the logarithm of the lanes, and the effects.
 */
export type ServiceParameters = readonly number[];

/** Parameters in front of the effects. */
export const fixedParameters = 5;

/** What the simulator does not know by name but measures: one number an effect, 0 at its neutral value. */
export interface Effects {
  readonly count: number;
  of(candidate: Candidate): readonly number[];
}

/** One effect for each number that the simulator does not know, one for each category but the first. */
export function effectsOf(dimensions: readonly Dimension[]): Effects {
  const effects = dimensions
    .filter(({ name, values }) => !knownNames.has(name) && values.length > 1)
    .flatMap(effectsOfDimension);
  const known = new WeakMap<Candidate, readonly number[]>();
  return {
    count: effects.length,
    of: (candidate) => {
      const amounts = known.get(candidate) ?? effects.map((effect) => effect(candidate));
      known.set(candidate, amounts);
      return amounts;
    },
  };
}

function effectsOfDimension({ name, kind, values }: Dimension): ((candidate: Candidate) => number)[] {
  if (kind === 'categorical') {
    return values.slice(1).map((value) => (candidate: Candidate) => (candidate[name] === value ? 1 : 0));
  }
  const place = (value: number): number => (kind === 'log' ? Math.log(value) : value);
  const low = place(Number(values[0]));
  const span = place(Number(values.at(-1))) - low;
  return [(candidate) => (candidate[name] === undefined ? 0 : (place(Number(candidate[name])) - low) / span)];
}

/** Executions to simulate: enough for the rhythm of a batcher to settle. */
const shortLength = (instances: number): SimulationLength => ({
  warmup: 8 + 4 * instances,
  counted: 16 + 8 * instances,
});

/** What a candidate is believed to serve, in inferences a second. */
export const predictThroughput = (
  parameters: ServiceParameters,
  candidate: Candidate,
  effects: Effects,
  comeBack?: ComeBack,
): number =>
  simulateCandidate(parameters, candidate, effects, { comeBack }).requestsPerSecond *
  (settingOf(candidate, 'clientBatch') ?? 1);

/** How a candidate is simulated; arrivals of an open load are regular without random numbers. */
export interface SimulationDetail {
  /** As short as can be unless given. */
  readonly length?: SimulationLength;
  readonly random?: Random;
  /** In a closed loop. */
  readonly comeBack?: ComeBack | undefined;
}

/** The answers that a candidate is believed to give. */
export function simulateCandidate(
  parameters: ServiceParameters,
  candidate: Candidate,
  effects: Effects,
  { length, random, comeBack = 'apart' }: SimulationDetail = {},
): Simulated {
  const [logFixed = 0, logPerInference = 0, logAway = 0, sharing = 0, logLanes = Number.POSITIVE_INFINITY] = parameters;
  const effect = effects
    .of(candidate)
    .reduce((sum, amount, index) => sum + amount * (parameters[fixedParameters + index] ?? 0), 0);
  const fixed = Math.exp(logFixed + effect);
  const clientBatch = settingOf(candidate, 'clientBatch') ?? 1;
  const perRequest = Math.exp(logPerInference + effect) * clientBatch;
  const contention = Math.max(0, sharing);
  const rate = settingOf(candidate, 'requestRate');
  const awaySeconds = Math.exp(logAway);
  const instances = Math.max(1, settingOf(candidate, 'instances') ?? 1);
  const threadsPerLane = (settingOf(candidate, 'threads') ?? 1) / Math.exp(logLanes);
  return simulateBatcher(
    {
      instances,
      maxBatch: Math.max(1, Math.floor((settingOf(candidate, 'maxBatch') ?? 1) / clientBatch)),
      queueDelaySeconds: (settingOf(candidate, 'queueDelay') ?? 0) / 1e6,
      serviceSeconds: (batch, busy) =>
        (fixed + perRequest * batch) * (1 + contention * (busy - 1)) * crowded(busy * threadsPerLane),
    },
    rate === undefined
      ? { kind: 'closed', concurrency: settingOf(candidate, 'concurrency') ?? 1, awaySeconds, comeBack }
      : { kind: 'open', requestsPerSecond: rate, awaySeconds, ...(random === undefined ? {} : { random }) },
    length ?? shortLength(instances),
  );
}

/** 1 while there is room, then as much as it is too much; the corner is round, as rooms differ and a fit needs a slope. */
const crowded = (load: number): number => Math.sqrt(Math.sqrt(1 + load * load * load * load));
