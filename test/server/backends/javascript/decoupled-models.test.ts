import test from 'ava';
import type { InferRequest } from '../../../../src/protocol/infer.js';
import type { InferenceService } from '../../../../src/server/inference-service.js';
import type { PartialAnswer } from '../../../../src/server/partial-answer.js';
import { liveService } from '../../live-service.js';
import * as acts from './decoupled-model.js';
import { numbers, numbersOf } from './javascript-model.js';

const { decoupledModel } = acts;

/** What came of a request: numbers, `error: ...` and `end`; a `!` marks what was final. */
async function answersTo(service: InferenceService, request: InferRequest): Promise<readonly string[]> {
  const answers: string[] = [];
  const onAnswer = (answer: PartialAnswer): void => void answers.push(textOf(answer) + (answer.isFinal ? '!' : ''));
  await service.inferStream(request, { onAnswer }).catch((thrown) => answers.push(`failed: ${thrown.message}`));
  return answers;
}

function textOf(answer: PartialAnswer): string {
  if (answer.kind === 'end') return 'end';
  return answer.kind === 'error' ? `error: ${answer.refusal.message}` : numbersOf(answer.response).join();
}

for (const [what, given, expected] of [
  ['ends silently', [2, acts.endSilently], ['0', '1', 'end!']],
  ['has no response', [0, acts.endSilently], ['end!']],
  ['ends with a response', [1, acts.endWithResponse], ['0', '-1!']],
  ['sends an error', [1, acts.sendError], ['0', "error: model 'm': no more", 'end!']],
  ['sends after the end', [1, acts.sendAfterEnd], ['0', 'end!']],
  ['ends when execute is over', [1, acts.endLater], ['0', 'end!']],
  [
    'sends what is no response',
    [1, acts.sendWrong],
    [
      '0',
      "error: model 'm': execute failed: unable to parse 'data' of tensor 'Y' of type INT32: expected an integer, got 0.5!",
    ],
  ],
  ['throws', [1, acts.throwError], ['0', "error: model 'm': execute failed: not today!"]],
  [
    'crashes',
    [1, acts.exitProcess],
    ['0', "failed: model 'm': instance 'm_0' stopped while it ran the request (exit code 6)"],
  ],
] as const) {
  test.serial(`a decoupled model that ${what}, and goes on`, async (t) => {
    await using live = await liveService(decoupledModel());
    t.deepEqual(await answersTo(live.service, numbers(given)), expected);
    t.deepEqual(await answersTo(live.service, numbers([1])), ['0', 'end!']);
  });
}

test.serial('a decoupled model that returns responses fails its requests', async (t) => {
  await using live = await liveService(decoupledModel('', 'export const execute = () => [{ outputs: { Y: [1] } }];'));
  t.deepEqual(await answersTo(live.service, numbers([1])), [
    "error: model 'm': execute failed: execute of a decoupled model must return nothing and send its responses, got Array!",
  ]);
});

test.serial('an instance of a decoupled model is free when execute is over', async (t) => {
  const module = `
    const kept = [];
    export function execute(requests) {
      kept.push(...requests);
      if (kept.length === 3) for (const request of kept.toReversed()) request.send({ outputs: { Y: [kept.length] } }, { isFinal: true });
    }`;
  await using live = await liveService(decoupledModel('', module));
  const answers = await Promise.all([1, 2, 3].map((value) => answersTo(live.service, numbers([value]))));
  t.deepEqual(answers, [['3!'], ['3!'], ['3!']]);
  const [statistics] = live.service.statistics({ name: 'm', version: '' });
  t.like(statistics, { execution_count: 3, inference_count: 3 });
  t.is(statistics?.inference_stats.success.count, 3);
});

test.serial('a decoupled model learns that its client is gone, and the request has failed', async (t) => {
  await using live = await liveService(decoupledModel());
  const gone = new AbortController();
  const request = live.service.inferStream(numbers([1, acts.waitForCancel]), {
    signal: gone.signal,
    onAnswer: () => gone.abort(),
  });
  await t.throwsAsync(request, { message: 'request was cancelled' });
  while (!live.lines.some((line) => line.endsWith('m_0: gone'))) await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(await answersTo(live.service, numbers([1])), ['0', 'end!']);
  t.like(live.service.failures()[0]?.counts, { CANCELED: 1, BACKEND: 0 });
});

/** What `response_stats` counts of each place: computed, answered, failed, empty and cancelled responses. */
function responseCounts({ statistics }: InferenceService): number[][] {
  const stats = statistics({ name: 'm', version: '' })[0]?.response_stats ?? {};
  return Object.values(stats).map((each) => [
    each.compute_infer.count,
    each.success.count,
    each.fail.count,
    each.empty_response.count,
    each.cancel.count,
  ]);
}

test.serial('statistics have the responses of a decoupled model by their place, and its failures', async (t) => {
  await using live = await liveService(decoupledModel());
  const { service } = live;
  t.deepEqual(responseCounts(service), []);
  await answersTo(service, numbers([2, acts.endSilently]));
  await answersTo(service, numbers([0, acts.endWithResponse]));
  await answersTo(service, numbers([1, acts.sendError]));
  await answersTo(service, numbers([0, acts.throwError]));
  await answersTo(service, numbers([1, acts.exitProcess]));
  const gone = new AbortController();
  const onAnswer = () => gone.abort();
  await t.throwsAsync(service.inferStream(numbers([1, acts.waitForCancel]), { signal: gone.signal, onAnswer }));
  t.deepEqual(responseCounts(service), [
    [6, 5, 1, 0, 0], // of all six; one threw
    [2, 1, 2, 0, 1], // the second response; an error and a crash; a client that is gone
    [0, 0, 0, 2, 0], // the ends of the first and the third
  ]);
  const [statistics] = service.statistics({ name: 'm', version: '' });
  t.like(statistics, { inference_count: 3, inference_stats: { success: { count: 3 }, fail: { count: 3 } } });
  const { compute_infer, compute_output, success, fail } = statistics?.response_stats['0'] ?? {};
  t.is((compute_infer?.ns ?? 0) + (compute_output?.ns ?? 0), (success?.ns ?? 0) + (fail?.ns ?? 0));
  t.true((compute_infer?.ns ?? 0) > 0 && (compute_output?.ns ?? 0) > 0);
});

test.serial('send of a decoupled model waits for its client', async (t) => {
  await using live = await liveService(decoupledModel());
  let letGo: () => void = () => undefined;
  const room = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const taken: string[] = [];
  const onAnswer = (answer: PartialAnswer): Promise<void> => {
    taken.push(textOf(answer));
    return room;
  };
  const ended = live.service.inferStream(numbers([3]), { onAnswer });
  while (taken.length === 0) await new Promise((resolve) => setImmediate(resolve));
  t.deepEqual(await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 100))]), undefined);
  t.deepEqual(taken, ['0']);
  letGo();
  await ended;
  t.deepEqual(taken, ['0', '1', '2', 'end']);
});

test.serial('a model that is not decoupled has no send', async (t) => {
  const files = decoupledModel();
  const config = files['m/config.pbtxt'].replace('decoupled: true', 'decoupled: false');
  await using live = await liveService({ ...files, 'm/config.pbtxt': config });
  await t.throwsAsync(live.service.infer(numbers([1])), {
    message:
      "model 'm': execute failed: Cannot send: expected model_transaction_policy { decoupled: true } in the configuration",
  });
});

test.serial('a single inference of a decoupled model is refused', async (t) => {
  await using live = await liveService(decoupledModel());
  const error = await t.throwsAsync(live.service.infer(numbers([1])), { name: 'RefusalError' });
  t.like(error, { reason: 'unsupported' });
});

test.serial('an ensemble cannot have a decoupled step', async (t) => {
  const ensemble = `platform: "ensemble"
    input { name: "X" data_type: TYPE_INT32 dims: -1 } output { name: "Y" data_type: TYPE_INT32 dims: -1 }
    ensemble_scheduling { step { model_name: "m" model_version: -1
      input_map { key: "X" value: "X" } output_map { key: "Y" value: "Y" } } }`;
  await t.throwsAsync(liveService({ ...decoupledModel(), 'e/config.pbtxt': ensemble, 'e/1/.keep': '' }), {
    message: /ensemble e contains model m, which is decoupled: not supported/,
  });
});
