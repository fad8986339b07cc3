import test from 'ava';
import type { InferRequest } from '../../src/protocol/infer.js';
import type { InferenceService } from '../../src/server/inference-service.js';
import type { PartialAnswer } from '../../src/server/partial-answer.js';
import { javascriptModel, numbersOf, rows } from './backends/javascript/javascript-model.js';
import { liveService, simpleModel, simpleRequest } from './live-service.js';

/** Runs X times, counting in its state, and answers with how often it ran; fails at 13, and never ends at 99. */
const countingModule = `
export const execute = (requests) => requests.map(({ inputs }) => {
  const steps = inputs.START.data[0] === 1 ? 1 : inputs.BEFORE.data[0] + 1;
  const AFTER = { shape: [1, 1], data: Int32Array.of(steps) };
  const wanted = inputs.X.data[0];
  if (wanted === 13 && steps === 3) return { error: 'unlucky' };
  if (steps < wanted || wanted === 99) return { reschedule: true, outputs: { AFTER } };
  return { outputs: { Y: { shape: [1, 1], data: Int32Array.of(steps) }, AFTER } };
});`;

const counting = (sequences: number) => ({
  'm/1/model.mjs': countingModule,
  'm/config.pbtxt': `backend: "javascript" max_batch_size: 4
    input { name: "X" data_type: TYPE_INT32 dims: 1 }
    output { name: "Y" data_type: TYPE_INT32 dims: 1 }
    sequence_batching {
      iterative_sequence: true
      oldest { max_candidate_sequences: ${sequences} }
      control_input { name: "START" control { kind: CONTROL_SEQUENCE_START int32_false_true: [ 0, 1 ] } }
      control_input { name: "ID" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_STRING } }
      state { input_name: "BEFORE" output_name: "AFTER" data_type: TYPE_INT32 dims: 1 }
    }`,
});

const model = { name: 'm', version: '' };

test('requests to an iterative model run as often as it asks, together, and more of them than it has slots', async (t) => {
  await using live = await liveService(counting(3));
  const wanted = [5, 1, 3, 7, 2, 4, 6];
  const responses = await Promise.all(wanted.map((count) => live.service.infer(rows([count]))));
  t.deepEqual(
    responses.map(numbersOf),
    wanted.map((count) => [count]),
  );
  const [statistics] = live.service.statistics(model);
  t.like(statistics, { inference_count: wanted.length, inference_stats: { success: { count: wanted.length } } });
  const batches = statistics?.batch_stats ?? [];
  const steps = batches.reduce((sum, { batch_size, compute_infer }) => sum + batch_size * compute_infer.count, 0);
  t.is(
    steps,
    wanted.reduce((sum, count) => sum + count),
  );
  t.true((statistics?.execution_count ?? steps) < steps, 'some of them ran together');
});

test('a request to an iterative model that fails or is given up between its steps frees its slot', async (t) => {
  await using live = await liveService(counting(1));
  const failed = live.service.infer(rows([13]));
  await t.throwsAsync(failed, { message: "model 'm': unlucky" });
  const controller = new AbortController();
  const endless = live.service.infer(rows([99]), controller.signal);
  const behind = live.service.infer(rows([4]));
  while ((live.service.statistics(model)[0]?.execution_count ?? 0) < 10) await new Promise(setImmediate);
  controller.abort();
  await t.throwsAsync(endless, { message: 'request was cancelled' });
  t.deepEqual(numbersOf(await behind), [4]);
  t.like(live.service.statistics(model)[0]?.inference_stats, { success: { count: 1 }, fail: { count: 2 } });
});

/** Sends X, X - 1 and so on, one a step; fails below 0. */
const descendingModule = `
export const execute = (requests) => Promise.all(requests.map(async (request) => {
  const next = request.inputs.START.data[0] === 1 ? request.inputs.X.data[0] : request.inputs.BEFORE.data[0];
  if (next < 0) throw new Error('below');
  const sent = request.send({ outputs: { Y: [next] } });
  if (next === 50) request.reschedule();
  await sent;
  if (next === 1) request.end();
  else request.reschedule({ outputs: { AFTER: [next - 1] } });
}));`;

async function descent(service: InferenceService, from: number, signal?: AbortSignal): Promise<readonly string[]> {
  const answers: string[] = [];
  const onAnswer = (answer: PartialAnswer): void => {
    if (answer.kind === 'response') answers.push(String(numbersOf(answer.response)));
    else answers.push(answer.kind === 'end' ? 'end' : answer.refusal.message);
  };
  await service.inferStream(rows([from]), { onAnswer, signal }).catch((thrown) => answers.push(thrown.message));
  return answers;
}

test('a decoupled iterative model sends what each step has, and its steps share batches with those of others', async (t) => {
  const files = counting(3);
  await using live = await liveService({
    'm/config.pbtxt': `${files['m/config.pbtxt']} model_transaction_policy { decoupled: true }`,
    'm/1/model.mjs': descendingModule,
  });
  const wanted = [5, 1, 3, 7, 2];
  const answers = await Promise.all(wanted.map((from) => descent(live.service, from)));
  t.deepEqual(
    answers,
    wanted.map((from) => [...Array.from({ length: from }, (_, index) => String(from - index)), 'end']),
  );
  const [statistics] = live.service.statistics(model);
  t.like(statistics, { inference_count: wanted.length, inference_stats: { success: { count: wanted.length } } });
  t.true((statistics?.execution_count ?? 18) < 18, 'some of them ran together');
  t.deepEqual(await descent(live.service, -1), ["model 'm': execute failed: below"]);
  const eager =
    "model 'm': execute failed: Cannot reschedule: a response waits for the client; expected the model to await";
  t.deepEqual(await descent(live.service, 50), ['50', `${eager} what send returns`]);
  const gone = new AbortController();
  const endless = descent(live.service, 1_000_000, gone.signal);
  while ((live.service.statistics(model)[0]?.execution_count ?? 0) < 30) await new Promise(setImmediate);
  gone.abort();
  t.is((await endless).at(-1), 'request was cancelled');
  t.deepEqual(await descent(live.service, 1), ['1', 'end']);
});

test('an ONNX model under iterative_sequence answers each request at once, without a sequence id', async (t) => {
  await using live = await liveService(simpleModel('max_batch_size: 8 sequence_batching { iterative_sequence: true }'));
  const answers = await Promise.all([1, 2, 3].map((first) => live.service.infer(simpleRequest(first))));
  t.deepEqual(
    answers.map(({ outputs }) => outputs.length),
    [2, 2, 2],
  );
  t.like(live.service.statistics({ name: 'simple', version: '' })[0], { inference_count: 3 });
});

test('a model asks to run a request again only where its configuration lets it', async (t) => {
  const module = `export const execute = (requests) => requests.map(() => ({ reschedule: true }));`;
  await using live = await liveService(javascriptModel(module));
  const request: InferRequest = { ...rows([1]), inputs: rows([1]).inputs.map((each) => ({ ...each, shape: [1] })) };
  await t.throwsAsync(live.service.infer(request), {
    message: /Cannot reschedule: expected sequence_batching \{ iterative_sequence: true \} in the configuration$/,
  });
});
