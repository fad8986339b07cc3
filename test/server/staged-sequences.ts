import { ns } from '../../src/core/units.js';
import { parseModelConfig } from '../../src/protocol/model-config-codec.js';
import type { Tensor } from '../../src/protocol/tensor.js';
import type { ExecutableRequest } from '../../src/server/backends/backend.js';
import { normalizeBatcher } from '../../src/server/config/normalize-config.js';
import { planSequences } from '../../src/server/config/sequence-plan.js';
import { planTensors } from '../../src/server/config/tensor-plan.js';
import type { RefusalError } from '../../src/server/refusal.js';
import { SequenceScheduler } from '../../src/server/scheduling/sequences/sequence-scheduler.js';
import { strategyOf } from '../../src/server/scheduling/sequences/strategy-of.js';
import { WaitingRequest } from '../../src/server/scheduling/waiting-request.js';
import { VersionStatistics } from '../../src/server/statistics/version-statistics.js';
import { accumulatorControls, accumulatorState } from './sequence-models.js';
import { stagedClock } from './staged-clock.js';
import { stagedInstance } from './staged-instance.js';

const integer = (name: string, value: number): Tensor => ({
  name,
  datatype: 'INT32',
  shape: [1, 1],
  data: new Uint8Array(Int32Array.of(value).buffer),
});

const numberIn = (tensor: Tensor | undefined): number | undefined =>
  tensor && new DataView(tensor.data.buffer, tensor.data.byteOffset).getInt32(0, true);

interface StepOptions {
  readonly signal?: AbortSignal;
  readonly batchSize?: number;
  readonly timeout?: number;
  readonly shapeKey?: string;
}

/** A scheduler of sequences over staged instances; times are in microseconds. */
export function stagedSequences(strategy: string, { instances: count = 1, maxBatchSize = 4 } = {}) {
  const config = normalizeBatcher(
    parseModelConfig(`name: "m" max_batch_size: ${maxBatchSize}
      input { name: "INPUT" data_type: TYPE_INT32 dims: [ 1 ] } output { name: "OUTPUT" data_type: TYPE_INT32 dims: [ 1 ] }
      sequence_batching { ${strategy} ${accumulatorControls()} ${accumulatorState()} }`),
  );
  const batcher = config.sequence_batching;
  if (batcher === undefined) throw new Error('no sequence batcher');
  const plan = planSequences(
    { ...config, sequence_batching: batcher },
    planTensors(config, { inputs: [], outputs: [] }),
    new Map(),
  );
  const clock = stagedClock();
  const statistics = new VersionStatistics();
  const instances = Array.from({ length: count }, (_, index) => stagedInstance(`m_${index}`));
  const deaths: string[] = [];
  const scheduler = new SequenceScheduler({
    modelName: 'm',
    plan,
    execution: plan.execution,
    strategy: strategyOf(batcher, maxBatchSize),
    isIterative: false,
    maxIdle: ns(batcher.max_sequence_idle_microseconds * 1e3),
    instances,
    clock,
    statistics,
    onDead: (reason) => deaths.push(reason),
  });
  /** How each request ended, in that order. */
  const ends: string[] = [];
  /** A label is the sequence's letter and a number; `flags` holds S for the start and E for the end. */
  const enqueue = (label: string, flags = '', options: StepOptions = {}) => {
    const id = label.slice(0, 1) === '-' ? undefined : BigInt(label.charCodeAt(0));
    const valid = {
      inputs: [integer('INPUT', Number(label.slice(1)))],
      batchSize: options.batchSize ?? 1,
      shapeKey: options.shapeKey ?? '',
      priority: 0,
      timeout: ns((options.timeout ?? 0) * 1e3),
      ...(id === undefined ? {} : { sequence: { id, isStart: flags.includes('S'), isEnd: flags.includes('E') } }),
    };
    const end = {
      resolve: (outputs: readonly Tensor[]) => ends.push(`${label}=${numberIn(outputs[0])}`),
      reject: (refusal: RefusalError) => ends.push(`${label}: ${refusal.message}`),
    };
    scheduler.enqueue(new WaitingRequest(valid, { enqueuedAt: clock.now(), end, signal: options.signal }));
  };
  /** Each row of the batch that runs: value, state, flags (start, ready, end) and the letter of the sequence. */
  const rows = (instance = 0): string[] => (instances[instance]?.batch?.requests ?? []).map(rowText);
  /** Ends the batch that runs: output and new state are the sum of value and old state. */
  const finish = async (instance = 0) => {
    const sums = (instances[instance]?.batch?.requests ?? []).map(sumOf);
    await instances[instance]?.finish((row) => [integer('OUTPUT', sums[row] ?? 0), integer('SUM_OUT', sums[row] ?? 0)]);
  };
  const advance = (microseconds: number) => clock.advanceTo(microseconds * 1e3);
  return { scheduler, statistics, instances, deaths, ends, enqueue, rows, finish, advance };
}

const sumOf = ({ inputs }: ExecutableRequest): number => (numberIn(inputs[0]) ?? 0) + (numberIn(inputs[5]) ?? 0);

function rowText({ inputs }: ExecutableRequest): string {
  const [value, start, ready, end, id, state] = inputs.map(numberIn);
  return ready === 0 ? `none ${value} ${state} ${start}${end} ${id}` : `${letter(id)}${value}+${state} ${start}${end}`;
}

const letter = (id: number | undefined): string => String.fromCharCode(id ?? 0);
