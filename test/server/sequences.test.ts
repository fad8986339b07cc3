import test, { type ExecutionContext } from 'ava';
import { type InferResponse, noParameters, type ParameterValue } from '../../src/protocol/infer.js';
import { packBytes } from '../../src/protocol/tensor.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import { connectOverGrpc } from '../contract/grpc-client.js';
import { connectOverHttp } from '../contract/http-client.js';
import { liveService, oneInstance, requestOf } from './live-service.js';
import {
  accumulatorControls,
  accumulatorModel,
  accumulatorOnnx,
  accumulatorState,
  patient,
  step,
} from './sequence-models.js';
import { tinyOnnx } from './tiny-onnx.js';

const integersOf = ({ outputs }: Pick<InferResponse, 'outputs'>, name: string): number[] => {
  const copy = Uint8Array.from(outputs.find((output) => output.name === name)?.data ?? []);
  return [...new Int32Array(copy.buffer)];
};

type Infers = Pick<InferenceService, 'infer'>;

const sumOf = async ({ infer }: Infers, ...call: Parameters<typeof step>): Promise<number | undefined> =>
  integersOf(await infer(step(...call)), 'OUTPUT')[0];

const statisticsOf = (service: InferenceService) => service.statistics({ name: 'sums', version: '' })[0];

const noStart = (id: ParameterValue): string =>
  `inference request for sequence ${id} to model 'sums' must specify the START flag on the first request of the sequence`;

async function refuses(t: ExecutionContext, promise: Promise<unknown>, message: string): Promise<void> {
  t.like(await t.throwsAsync(promise), { message });
}

const strategies = ['direct { }', 'oldest { max_candidate_sequences: 4 }'];

for (const strategy of strategies) {
  test(`infer with ${strategy} keeps the state of each sequence and tells it where it stands`, async (t) => {
    await using live = await liveService(accumulatorModel(`${patient} ${strategy}`));
    const { service } = live;
    t.is(await sumOf(service, 1, 10, 'S'), 10);
    t.is(await sumOf(service, 2, 100, 'S'), 100);
    t.is(await sumOf(service, 1, 5), 15);
    const last = await service.infer(step(2, 7, 'E'));
    t.deepEqual(
      last.outputs.map(({ name, shape }) => [name, shape]),
      [
        ['OUTPUT', [1, 1]],
        ['FLAGS', [1, 3]],
        ['ID', [1, 1]],
      ],
      'the state is not returned',
    );
    t.deepEqual(
      ['OUTPUT', 'FLAGS', 'ID'].map((name) => integersOf(last, name)),
      [[107], [0, 1, 1], [2, 0]],
    );
    await refuses(t, service.infer(step(2, 1)), noStart(2));
    t.is(await sumOf(service, 2, 3, 'SE'), 3);
    t.is(await sumOf(service, 1, 1, 'S'), 1, 'a new start under the same id starts anew');
    const statistics = statisticsOf(service);
    t.deepEqual(
      [statistics?.inference_count, statistics?.execution_count, statistics?.inference_stats.success.count],
      [6, 6, 6],
    );
    t.is(statistics?.inference_stats.fail.count, 0);
  });

  test(`infer with ${strategy} keeps 8 sequences of 20 steps apart that come at once`, async (t) => {
    await using live = await liveService(accumulatorModel(`${patient} ${strategy}`));
    const { service } = live;
    const sums = await Promise.all(
      Array.from({ length: 8 }, async (_, sequence) => {
        const steps = Array.from({ length: 20 }, (_, index) =>
          sumOf(service, sequence + 1, sequence * 1000 + index, index === 0 ? 'S' : index === 19 ? 'E' : ''),
        );
        return (await Promise.all(steps)).at(-1);
      }),
    );
    t.deepEqual(
      sums,
      Array.from({ length: 8 }, (_, sequence) => 20 * 1000 * sequence + 190),
    );
    const statistics = statisticsOf(service);
    t.is(statistics?.inference_count, 160);
    t.true((statistics?.execution_count ?? 160) < 160, 'steps of different sequences share a batch');
    t.is(
      statistics?.batch_stats.reduce((sum, each) => sum + each.batch_size * each.compute_infer.count, 0),
      160,
    );
  });
}

for (const [name, connect] of [
  ['http', connectOverHttp],
  ['grpc', connectOverGrpc],
] as const) {
  test(`a sequence over ${name} goes by numbers of 64 bits, exactly, and its errors come back`, async (t) => {
    await using live = await liveService(accumulatorModel());
    await using client = await connect(live.service, () => undefined);
    t.true((await client.serverMetadata()).extensions.includes('sequence'));
    const metadata = await client.modelMetadata({ name: 'sums', version: '' });
    t.deepEqual([metadata.inputs.map((each) => each.name), metadata.outputs.length], [['INPUT'], 3]);
    const ids = [1, 2n ** 53n + 1n, 2n ** 53n + 2n, 2n ** 64n - 1n];
    for (const form of client.forms) {
      const over = { infer: (request: Parameters<typeof client.infer>[0]) => client.infer(request, form) };
      for (const [index, id] of ids.entries()) t.is(await sumOf(over, id, index, 'S'), index);
      for (const [index, id] of ids.entries()) t.is(await sumOf(over, id, 10), index + 10);
      for (const [index, id] of ids.entries()) t.is(await sumOf(over, id, 10, 'E'), index + 20);
      const text = await t.throwsAsync(over.infer(step('x', 1, 'S')));
      t.like(text, {
        reasons: ['invalid-argument'],
        message: "inference request for sequence x to model 'sums' must have a correlation ID of type UINT64",
      });
      await refuses(t, over.infer(step(2n ** 64n - 1n, 1)), noStart(2n ** 64n - 1n));
      for (const none of [0, '']) {
        await refuses(
          t,
          over.infer(step(none, 1, 'S')),
          "inference request to model 'sums' must specify a non-zero or non-empty correlation ID",
        );
      }
    }
  });

  test(`a sequence over ${name} goes by texts`, async (t) => {
    const model = {
      'sums/1/model.onnx': accumulatorOnnx('BYTES'),
      'sums/config.pbtxt': oneInstance(
        `sequence_batching { ${patient} ${accumulatorControls('TYPE_STRING')} ${accumulatorState()} }`,
      ),
    };
    await using live = await liveService(model);
    await using client = await connect(live.service, () => undefined);
    for (const form of client.forms) {
      await client.infer(step('left', 1, 'S'), form);
      await client.infer(step('rïght', 10, 'S'), form);
      t.deepEqual(integersOf(await client.infer(step('left', 1), form), 'OUTPUT'), [2]);
      const last = await client.infer(step('rïght', 10, 'E'), form);
      t.deepEqual(integersOf(last, 'OUTPUT'), [20]);
      const id = last.outputs.find((output) => output.name === 'ID');
      t.deepEqual(Buffer.from(id?.data ?? []), Buffer.from(packBytes(['rïght'])));
    }
  });
}

test('infer refuses a batch in a sequence', async (t) => {
  await using live = await liveService(accumulatorModel());
  const data = Int32Array.of(1, 2);
  const parameters = new Map<string, ParameterValue>([
    ['sequence_id', 1],
    ['sequence_start', true],
  ]);
  const request = requestOf('sums', { INPUT: { datatype: 'INT32', shape: [2, 1], data } }, { parameters });
  await refuses(
    t,
    live.service.infer(request),
    "inference request to model 'sums' must specify batch-size 1 due to requirements of sequence batcher",
  );
  t.is(statisticsOf(live.service)?.inference_stats.fail.count, 0);
});

test('infer ignores the marks of sequences at a model without them', async (t) => {
  await using live = await liveService({
    'm/1/model.onnx': tinyOnnx({
      inputs: [{ name: 'INPUT', datatype: 'INT32', shape: ['batch', 1] }],
      outputs: [{ name: 'OUTPUT', datatype: 'INT32', shape: ['batch', 1] }],
      nodes: [{ op: 'Identity', inputs: ['INPUT'], outputs: ['OUTPUT'] }],
    }),
  });
  t.is(await sumOf(live.service, 7, 5, '', { model: 'm' }), 5);
});

/** How many rows of the batch are ready, and how many there are, beside the sum of a sequence. */
const rowsOnnx = () => {
  const column = (name: string) => ({ name, datatype: 'INT32', shape: ['batch', 1] }) as const;
  return tinyOnnx({
    inputs: ['INPUT', 'READY', 'SUM_IN'].map(column),
    outputs: ['READY_ROWS', 'OUTPUT', 'SUM_OUT'].map(column),
    nodes: [
      { op: 'Add', inputs: ['INPUT', 'SUM_IN'], outputs: ['SUM_OUT'] },
      { op: 'Identity', inputs: ['SUM_OUT'], outputs: ['OUTPUT'] },
      { op: 'ReduceSum', inputs: ['READY'], outputs: ['ALL'], attributes: { keepdims: 1 } },
      { op: 'Sub', inputs: ['READY', 'READY'], outputs: ['ZERO'] },
      { op: 'Add', inputs: ['ZERO', 'ALL'], outputs: ['READY_ROWS'] },
    ],
  });
};

test('infer with direct runs rows that are not ready along, which neither count nor touch a state', async (t) => {
  const ready =
    'control_input { name: "READY" control { kind: CONTROL_SEQUENCE_READY int32_false_true: [ -100, 1 ] } }';
  await using live = await liveService({
    'sums/1/model.onnx': rowsOnnx(),
    'sums/config.pbtxt': oneInstance(
      `max_batch_size: 4 sequence_batching { ${patient} ${ready} ${accumulatorState()} }`,
    ),
  });
  const { service } = live;
  for (const id of [1, 2, 3]) t.is(await sumOf(service, id, id, 'S'), id);
  const third = await service.infer(step(3, 10));
  t.deepEqual([integersOf(third, 'OUTPUT'), integersOf(third, 'READY_ROWS')], [[13], [-199]], 'rows 0 and 1 are empty');
  t.is(await sumOf(service, 1, 10), 11);
  t.is(await sumOf(service, 2, 10), 12);
  t.deepEqual(
    statisticsOf(service)?.batch_stats.map((each) => [each.batch_size, each.compute_infer.count]),
    [[1, 6]],
  );
});

test('infer begins sequences with the initial state of a file, and shows a state that is an output too', async (t) => {
  const state = accumulatorState('initial_state { name: "i" data_type: TYPE_INT32 dims: [ 1 ] data_file: "seven" }');
  const column = (name: string) => ({ name, datatype: 'INT32', shape: ['batch', 1] }) as const;
  await using live = await liveService({
    'sums/1/model.onnx': tinyOnnx({
      inputs: [column('INPUT'), column('SUM_IN')],
      outputs: [column('SUM_OUT')],
      nodes: [{ op: 'Add', inputs: ['INPUT', 'SUM_IN'], outputs: ['SUM_OUT'] }],
    }),
    'sums/initial_state/seven': Uint8Array.of(7, 0, 0, 0),
    'sums/config.pbtxt': oneInstance(`max_batch_size: 4
      input { name: "INPUT" data_type: TYPE_INT32 dims: [ 1 ] } output { name: "SUM_OUT" data_type: TYPE_INT32 dims: [ 1 ] }
      sequence_batching { ${patient} ${state} }`),
  });
  for (const round of [1, 2]) {
    t.deepEqual(integersOf(await live.service.infer(step(1, 1, 'S')), 'SUM_OUT'), [8], `round ${round}`);
    t.deepEqual(integersOf(await live.service.infer(step(1, 2)), 'SUM_OUT'), [10]);
  }
});

/** OUTPUT is all that the sequence has sent so far: the state grows with each step. */
const historyOnnx = (isBatching: boolean) => {
  const batch = isBatching ? ['batch'] : [];
  const value = (name: string, size: number | string) =>
    ({ name, datatype: 'INT32', shape: [...batch, size] }) as const;
  return tinyOnnx({
    inputs: [value('INPUT', 1), value('PAST', 'past')],
    outputs: [value('OUTPUT', 'now'), value('NOW', 'now')],
    nodes: [
      { op: 'Concat', inputs: ['PAST', 'INPUT'], outputs: ['NOW'], attributes: { axis: isBatching ? 1 : 0 } },
      { op: 'Identity', inputs: ['NOW'], outputs: ['OUTPUT'] },
    ],
  });
};

for (const maxBatchSize of [0, 4]) {
  test(`infer carries states that grow, with max_batch_size ${maxBatchSize}`, async (t) => {
    const state = 'state { input_name: "PAST" output_name: "NOW" data_type: TYPE_INT32 dims: [ -1 ] }';
    await using live = await liveService({
      'sums/1/model.onnx': historyOnnx(maxBatchSize > 0),
      'sums/config.pbtxt': oneInstance(`max_batch_size: ${maxBatchSize} sequence_batching { ${patient} ${state} }`),
    });
    const infer = async (id: number, value: number, flags: string) => {
      const request = step(id, value, flags);
      const shape = maxBatchSize > 0 ? [1, 1] : [1];
      const inputs = request.inputs.map((input) => ({ ...input, shape }));
      return integersOf(await live.service.infer({ ...request, inputs }), 'OUTPUT');
    };
    const answers = await Promise.all([
      infer(1, 10, 'S'),
      infer(1, 11, ''),
      infer(1, 12, 'E'),
      infer(2, 20, 'S'),
      infer(2, 21, 'E'),
    ]);
    t.deepEqual(answers, [
      [0, 10],
      [0, 10, 11],
      [0, 10, 11, 12],
      [0, 20],
      [0, 20, 21],
    ]);
  });
}

test('infer tells flags as the configuration writes them: FP32 and BOOL', async (t) => {
  const value = (name: string, datatype: 'FP32' | 'BOOL') => ({ name, datatype, shape: ['batch', 1] }) as const;
  const control = (name: string, kind: string, values: string) =>
    `control_input { name: "${name}" control { kind: CONTROL_SEQUENCE_${kind} ${values} } }`;
  await using live = await liveService({
    'flags/1/model.onnx': tinyOnnx({
      inputs: [{ name: 'INPUT', datatype: 'INT32', shape: ['batch', 1] }, value('A', 'FP32'), value('B', 'BOOL')],
      outputs: [{ name: 'SAME', datatype: 'INT32', shape: ['batch', 1] }, value('X', 'FP32'), value('Y', 'BOOL')],
      nodes: [
        { op: 'Identity', inputs: ['INPUT'], outputs: ['SAME'] },
        { op: 'Identity', inputs: ['A'], outputs: ['X'] },
        { op: 'Identity', inputs: ['B'], outputs: ['Y'] },
      ],
    }),
    'flags/config.pbtxt': oneInstance(`sequence_batching { ${patient}
      ${control('A', 'START', 'fp32_false_true: [ 0.25, -1.5 ]')} ${control('B', 'END', 'bool_false_true: [ false, true ]')} }`),
  });
  const flagsOf = async (flags: string) => {
    const { outputs } = await live.service.infer(step(1, 0, flags, { model: 'flags' }));
    const [, x, y] = outputs.map(({ data }) => Buffer.from(data));
    return [x?.readFloatLE(), y?.readUInt8()];
  };
  t.deepEqual(
    [await flagsOf('S'), await flagsOf(''), await flagsOf('E')],
    [
      [-1.5, 0],
      [0.25, 0],
      [0.25, 1],
    ],
  );
});

const oneSlot = (rest = patient) => accumulatorModel(`${rest} direct { }`, { maxBatchSize: 1 });

test('infer lets sequences wait in the backlog, in order, while all slots are taken', async (t) => {
  await using live = await liveService(oneSlot());
  const { service } = live;
  t.is(await sumOf(service, 1, 1, 'S'), 1);
  const ends: number[] = [];
  const waiting = [2, 3].map(async (id) => {
    const sum = await Promise.all([sumOf(service, id, id, 'S'), sumOf(service, id, 10, 'E')]);
    ends.push(...sum.map(Number));
  });
  t.deepEqual(service.pendingRequests(), [{ name: 'sums', version: '1', count: 4 }]);
  t.is(await sumOf(service, 1, 1, 'E'), 2);
  await Promise.all(waiting);
  t.deepEqual(ends, [2, 12, 3, 13]);
});

test('infer ends a sequence that is idle, so that its slot is free for the next', async (t) => {
  await using live = await liveService(oneSlot('max_sequence_idle_microseconds: 20000'));
  const { service } = live;
  t.is(await sumOf(service, 1, 1, 'S'), 1);
  t.is(await sumOf(service, 2, 5, 'S'), 5, 'it waited for the first to be idle for too long');
  await refuses(t, service.infer(step(1, 1)), noStart(1));
});

test('infer gives up what waits when its client does, and the sequence with it', async (t) => {
  await using live = await liveService(oneSlot());
  const { service } = live;
  t.is(await sumOf(service, 1, 1, 'S'), 1);
  const client = new AbortController();
  const given = t.throwsAsync(service.infer(step(2, 1, 'S'), client.signal));
  const behind = t.throwsAsync(service.infer(step(2, 1)));
  client.abort();
  for (const error of await Promise.all([given, behind])) {
    t.like(error, { reason: 'cancelled', message: 'request was cancelled' });
  }
  await refuses(t, service.infer(step(2, 1)), noStart(2));
  t.is(service.failures()[0]?.counts.CANCELED, 2);
  t.is(await sumOf(service, 1, 1, 'E'), 2);
});

test('unloadModel answers sequences that wait, and a model that is loaded again knows none', async (t) => {
  await using live = await liveService(oneSlot(), { modelControlMode: 'explicit', loadModels: ['sums'] });
  const { service, repository } = live;
  t.is(await sumOf(service, 1, 1, 'S'), 1);
  const waiting = [sumOf(service, 2, 20, 'S'), sumOf(service, 2, 1), sumOf(service, 3, 30, 'S')];
  await service.unloadModel('sums', { unloadDependents: false });
  t.deepEqual(await Promise.all(waiting), [20, 21, 30]);
  await refuses(t, service.infer(step(1, 1)), "Request for unknown model: 'sums' has no available versions");
  await service.loadModel('sums', noParameters as ReadonlyMap<string, string>);
  await refuses(t, service.infer(step(1, 1)), noStart(1));
  t.is(await sumOf(service, 1, 5, 'S'), 5);
  await repository.write('sums/config.pbtxt', `${oneSlot()['sums/config.pbtxt']} # changed`);
  await service.loadModel('sums', noParameters as ReadonlyMap<string, string>);
  await refuses(t, service.infer(step(1, 1)), noStart(1));
});

test('createInferenceService names what is wrong with a sequence batcher', async (t) => {
  const model = accumulatorModel('direct { minimum_slot_utilization: 2 }');
  await t.throwsAsync(liveService(model), {
    message:
      "Cannot load model 'sums': sequence batching minimum slot utilization must be in range (0.0, 1.0] for sums",
  });
});
