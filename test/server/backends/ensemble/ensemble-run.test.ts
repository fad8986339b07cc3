import test from 'ava';
import { type InferOutput, type InferRequest, noParameters } from '../../../../src/protocol/infer.js';
import { parseModelConfig } from '../../../../src/protocol/model-config-codec.js';
import type { ComposingModels } from '../../../../src/server/backends/ensemble/composing-models.js';
import { serveEnsemble } from '../../../../src/server/backends/ensemble/serve-ensemble.js';
import { RefusalError } from '../../../../src/server/refusal.js';
import type { ServedVersion } from '../../../../src/server/served-version.js';
import { serverClock } from '../../../../src/server/server-clock.js';
import { VersionStatistics } from '../../../../src/server/statistics/version-statistics.js';
import { requestOf } from '../../live-service.js';
import { ensembleText } from './ensemble-models.js';

interface Call {
  readonly request: InferRequest;
  readonly signal: AbortSignal | undefined;
  /** Answers with the data of the first input, in every output that was asked for. */
  answer(): void;
  refuse(error: RefusalError): void;
}

/** Models that answer when the test says so. */
function stagedModels() {
  const calls = new Map<string, Call[]>();
  let leases = 0;
  const served = (name: string): ServedVersion => ({
    version: '7',
    config: parseModelConfig(`name: "${name}" input { name: "X" data_type: TYPE_INT32 dims: [ 2 ] }`),
    pendingCount: 0,
    loadSeconds: 0,
    kept: {},
    lease() {
      leases++;
      return () => {
        leases--;
      };
    },
    infer: (request, signal, onExecuted) =>
      new Promise((resolve, reject) => {
        const [first] = request.inputs;
        const answer = () => {
          onExecuted?.({ start: 0, computeStart: 1, computeEnd: 3, end: 7 } as never);
          const outputs = request.outputs.flatMap((output): InferOutput[] => (first ? [{ ...first, ...output }] : []));
          resolve({ modelName: name, modelVersion: '7', id: request.id, parameters: noParameters, outputs });
        };
        calls.set(name, [...(calls.get(name) ?? []), { request, signal, answer, refuse: reject }]);
      }),
    metadata: () => ({ name, versions: [], platform: '', inputs: [], outputs: [] }),
    statistics: () => {
      throw new Error('not asked');
    },
    failures: () => ({ REJECTED: 0, CANCELED: 0, BACKEND: 0, OTHER: 0 }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  });
  const models: ComposingModels = { availability: () => ({ kind: 'ready' }), find: (name) => served(name) };
  return {
    models,
    /** The calls of a model so far, after all that is under way has come to rest. */
    async callsOf(name: string): Promise<readonly Call[]> {
      await new Promise((resolve) => setImmediate(resolve));
      return calls.get(name) ?? [];
    },
    get leases() {
      return leases;
    },
  };
}

const pair = 'data_type: TYPE_INT32 dims: [ 2 ]';
const step = (model: string, from: string, to: string) => ({ model, in: { X: from }, out: { Y: to } });

/** A goes through `first`; `left` and `right` take it from there. */
const fork = {
  head: '',
  inputs: { A: pair },
  outputs: { L: pair, R: pair },
  steps: [step('right', 'MID', 'R'), step('left', 'MID', 'L'), step('first', 'A', 'MID')],
};

const fixed = { version: '1', labels: new Map(), clock: serverClock, loadSeconds: 0 };

function stagedEnsemble(text = ensembleText(fork)) {
  const staged = stagedModels();
  const config = { ...parseModelConfig(text), name: 'e' };
  return {
    staged,
    served: serveEnsemble({ ...fixed, config, models: staged.models, statistics: new VersionStatistics() }),
  };
}

const request = (changes: Partial<InferRequest> = {}) =>
  requestOf('e', { A: { datatype: 'INT32', shape: [2], data: Int32Array.of(1, 2) } }, changes);

test('an ensemble runs branches side by side, as soon as their input is there', async (t) => {
  const { staged, served } = stagedEnsemble();
  const parameters = new Map([['priority', 2]]);
  const answer = served.infer(request({ id: 'r', parameters }));
  t.is((await staged.callsOf('left')).length, 0);
  (await staged.callsOf('first'))[0]?.answer();
  const [left] = await staged.callsOf('left');
  const [right] = await staged.callsOf('right');
  t.like(left?.request, { id: 'r', modelName: 'left', modelVersion: '7', parameters });
  t.is(left?.request.inputs[0]?.data, right?.request.inputs[0]?.data, 'the same bytes, not a copy');
  right?.answer();
  left?.answer();
  t.deepEqual(
    (await answer).outputs.map(({ name }) => name),
    ['L', 'R'],
  );
  t.is(staged.leases, 0);
  const { inference_stats, execution_count, inference_count, batch_stats } = served.statistics();
  t.like(inference_stats, {
    success: { count: 1 },
    compute_input: { count: 1, ns: 3 },
    compute_infer: { count: 1, ns: 6 },
    compute_output: { count: 1, ns: 12 },
  });
  t.is(inference_stats.queue.count, 1);
  t.is(execution_count, 1);
  t.is(inference_count, 1);
  t.is(batch_stats[0]?.compute_infer.ns, 6);
});

test('an ensemble runs only the steps that the requested outputs need', async (t) => {
  const { staged, served } = stagedEnsemble();
  const answer = served.infer(request({ outputs: [{ name: 'L', parameters: noParameters }] }));
  (await staged.callsOf('first'))[0]?.answer();
  (await staged.callsOf('left'))[0]?.answer();
  t.deepEqual(
    (await answer).outputs.map(({ name }) => name),
    ['L'],
  );
  t.is((await staged.callsOf('right')).length, 0);
});

test('an ensemble fails with the first failure, after the steps that are under way', async (t) => {
  const { staged, served } = stagedEnsemble();
  const answer = served.infer(request());
  (await staged.callsOf('first'))[0]?.answer();
  (await staged.callsOf('left'))[0]?.refuse(new RefusalError('unavailable', 'Exceeds maximum queue size'));
  let isAnswered = false;
  void answer.catch(() => {
    isAnswered = true;
  });
  const [right] = await staged.callsOf('right');
  t.false(isAnswered);
  right?.refuse(new RefusalError('internal', 'too late'));
  t.like(await t.throwsAsync(answer), {
    reason: 'unavailable',
    message: "in ensemble 'e', Exceeds maximum queue size",
  });
  t.is(staged.leases, 0);
  t.is(served.statistics().inference_stats.fail.count, 1);
  t.like(served.failures(), { OTHER: 1, CANCELED: 0 });
});

test('an ensemble begins no step after a failure', async (t) => {
  const { staged, served } = stagedEnsemble();
  const answer = served.infer(request());
  (await staged.callsOf('first'))[0]?.refuse(new RefusalError('cancelled', 'request was cancelled'));
  t.like(await t.throwsAsync(answer), { reason: 'cancelled' });
  t.is((await staged.callsOf('left')).length, 0);
  t.like(served.failures(), { OTHER: 0, CANCELED: 1 });
});

test("an ensemble hands the client's signal to every step", async (t) => {
  const { staged, served } = stagedEnsemble();
  const { signal } = new AbortController();
  const answer = served.infer(request(), signal);
  const [first] = await staged.callsOf('first');
  t.is(first?.signal, signal);
  first?.answer();
  for (const name of ['left', 'right']) {
    const [call] = await staged.callsOf(name);
    t.is(call?.signal, signal);
    call?.answer();
  }
  await answer;
});

test('an ensemble whose model is gone says so and counts the failure', async (t) => {
  const { served } = stagedEnsemble();
  const gone = serveEnsemble({
    ...fixed,
    statistics: new VersionStatistics(),
    config: served.config,
    models: {
      availability: () => ({ kind: 'missing' }),
      find() {
        throw new RefusalError('not-found', "Request for unknown model: 'first' has no available versions");
      },
    },
  });
  t.like(await t.throwsAsync(gone.infer(request())), {
    reason: 'not-found',
    message: "in ensemble 'e', Request for unknown model: 'first' has no available versions",
  });
  t.is(gone.statistics().inference_stats.fail.count, 1);
});

test('max_inflight_requests bounds each step over all requests', async (t) => {
  const { staged, served } = stagedEnsemble(ensembleText({ ...fork, scheduling: 'max_inflight_requests: 1' }));
  const answers = [served.infer(request()), served.infer(request())];
  t.is((await staged.callsOf('first')).length, 1);
  (await staged.callsOf('first'))[0]?.answer();
  t.is((await staged.callsOf('first')).length, 2);
  t.is((await staged.callsOf('left')).length, 1);
  (await staged.callsOf('first'))[1]?.answer();
  t.is((await staged.callsOf('left')).length, 1);
  for (const name of ['left', 'right']) for (const index of [0, 1]) (await staged.callsOf(name))[index]?.answer();
  t.is((await Promise.all(answers)).length, 2);
});

test("an output that is the request's own input is a copy, for the client's buffer is used again", async (t) => {
  const { staged, served } = stagedEnsemble(
    ensembleText({ head: '', inputs: { A: pair }, outputs: { A: pair, B: pair }, steps: [step('first', 'A', 'B')] }),
  );
  const asked = request();
  const answer = served.infer(asked);
  (await staged.callsOf('first'))[0]?.answer();
  const [same] = (await answer).outputs;
  t.deepEqual(same?.data, asked.inputs[0]?.data);
  t.not(same?.data.buffer, asked.inputs[0]?.data.buffer);
});

test('disposal of an ensemble waits for the requests that it has accepted', async (t) => {
  const { staged, served } = stagedEnsemble();
  const answer = served.infer(request({ outputs: [{ name: 'L', parameters: noParameters }] }));
  let isDisposed = false;
  const disposed = Promise.resolve(served[Symbol.asyncDispose]()).then(() => {
    isDisposed = true;
  });
  (await staged.callsOf('first'))[0]?.answer();
  const [left] = await staged.callsOf('left');
  t.false(isDisposed);
  left?.answer();
  await answer;
  await disposed;
  t.true(isDisposed);
});
