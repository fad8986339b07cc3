import type { Clock } from '../core/clock.js';
import { messageOf, PerfError } from '../core/perf-error.js';
import { noParameters } from '../protocol/infer.js';
import type { Tensor } from '../protocol/tensor.js';
import type { Backend, ExecutableRequest, ModelInstance } from './backends/backend.js';
import { controlTensors, type SequencePlan } from './config/sequence-plan.js';
import type { TensorPlan } from './config/tensor-plan.js';
import type { WarmupSample } from './config/warmup-samples.js';
import type { VersionStatistics } from './statistics/version-statistics.js';
import { validateRequest } from './validate-request.js';

export interface WarmUpOptions {
  readonly samples: readonly WarmupSample[];
  readonly instances: readonly ModelInstance[];
  /** What clients send. */
  readonly plan: TensorPlan;
  readonly sequences: SequencePlan | undefined;
  /** What instances run. */
  readonly execution: TensorPlan;
  readonly backend: Backend;
  readonly clock: Clock;
  readonly statistics: VersionStatistics;
}

/**
 * Runs every sample on every instance, past the scheduler, and counts it as Triton does: as requests that succeeded
 * (model configuration, 7.6). The answers are thrown away.
 * Rejects with `PerfError` that names the sample which failed.
 */
export async function warmUp(options: WarmUpOptions): Promise<void> {
  const prepared = options.samples.map((sample) => ({
    sample,
    request: named(sample, () => requestOf(sample, options)),
  }));
  const results = await Promise.allSettled(
    options.instances.map(async (instance) => {
      for (const { sample, request } of prepared) {
        for (let run = 0; run < sample.runs; run++) await runOnce(instance, { sample, request, options });
      }
    }),
  );
  for (const result of results) if (result.status === 'rejected') throw result.reason;
}

/** A sequence model may be given its control tensors by the sample; otherwise a sample is the start of a sequence. */
function requestOf({ name, inputs }: WarmupSample, { plan, sequences, backend }: WarmUpOptions): ExecutableRequest {
  const steps = sequences === undefined ? [] : firstStep(sequences);
  const own = new Set(steps.map((tensor) => tensor.name));
  const valid = validateRequest(
    {
      modelName: plan.modelName,
      modelVersion: '',
      id: name,
      parameters: noParameters,
      inputs: inputs.filter((input) => !own.has(input.name)).map((input) => ({ ...input, parameters: noParameters })),
      outputs: [],
    },
    plan,
  );
  backend.checkRequest(valid);
  const given = new Map(inputs.map((input) => [input.name, input]));
  return {
    inputs: [...valid.inputs, ...steps.map((tensor) => given.get(tensor.name) ?? tensor)],
    batchSize: valid.batchSize,
  };
}

const firstStep = (plan: SequencePlan): Tensor[] => [
  ...controlTensors(plan, { id: 1n, isStart: true, isEnd: false }),
  ...plan.states.map(({ initial }) => initial),
];

async function runOnce(
  instance: ModelInstance,
  {
    sample,
    request,
    options: { execution, clock, statistics },
  }: { readonly sample: WarmupSample; readonly request: ExecutableRequest; readonly options: WarmUpOptions },
): Promise<void> {
  const start = clock.now();
  const requests = new Array<ExecutableRequest>(sample.copies).fill(request);
  try {
    const { computeStart, computeEnd, failures, ends } = await instance.execute({ plan: execution, requests });
    for (const failed of failures?.values() ?? []) throw failed;
    for (const refusal of await Promise.all(ends ?? [])) if (refusal !== undefined) throw refusal;
    const end = clock.now();
    const times = { start, computeStart, computeEnd, end };
    statistics.recordExecution(times, sample.copies);
    for (let copy = 0; copy < sample.copies; copy++) statistics.recordSuccess({ enqueuedAt: start, end }, times);
  } catch (thrown) {
    throw failure(sample, thrown);
  }
}

function named<Value>(sample: WarmupSample, make: () => Value): Value {
  try {
    return make();
  } catch (thrown) {
    throw failure(sample, thrown);
  }
}

const failure = ({ name }: WarmupSample, cause: unknown): PerfError =>
  new PerfError('model', `failed to run warmup sample '${name}': ${messageOf(cause)}`, { cause });
