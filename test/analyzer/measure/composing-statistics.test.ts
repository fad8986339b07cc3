import test from 'ava';
import { createCompletionLedger } from '../../../analyzer/measure/completion-ledger.js';
import type { ComposingSource } from '../../../analyzer/measure/composing-statistics.js';
import { createServerSnapshots } from '../../../analyzer/measure/server-snapshots.js';
import type { ModelStatistics } from '../../../src/protocol/statistics.js';

interface Totals {
  readonly version?: string;
  readonly requests: number;
  readonly totalMs: number;
  readonly queueMs: number;
  readonly inferMs: number;
}

/** Cumulative statistics of which only these matter. */
function statisticsOf({ version = '1', requests, totalMs, queueMs, inferMs }: Totals): ModelStatistics {
  const duration = (ms: number) => ({ count: requests, ns: ms * 1e6 });
  return {
    name: 'any',
    version,
    last_inference: 0,
    inference_count: requests,
    execution_count: requests,
    inference_stats: {
      success: duration(totalMs),
      fail: { count: 0, ns: 0 },
      queue: duration(queueMs),
      compute_input: duration(0),
      compute_infer: duration(inferMs),
      compute_output: duration(0),
      cache_hit: { count: 0, ns: 0 },
      cache_miss: { count: 0, ns: 0 },
    },
    response_stats: {},
    batch_stats: [],
    memory_usage: [],
  };
}

type Reading = readonly ModelStatistics[] | undefined;

/** Snapshots whose readings are given: of the measured model, and of each model within it. */
async function snapshotsOf(
  own: readonly Reading[],
  models: ComposingSource['models'],
  readings: Readonly<Record<string, readonly Reading[]>>,
) {
  const ownLeft = [...own];
  const left = new Map(Object.entries(readings).map(([name, list]) => [name, [...list]]));
  const snapshots = createServerSnapshots(async () => ownLeft.shift(), [createCompletionLedger()], {
    models,
    read: async ({ name }) => left.get(name)?.shift(),
  });
  for (const _ of own) await snapshots.take();
  return snapshots;
}

const model = (name: string, stepsPerRequest: number, depth = 1) => ({
  name,
  version: '1',
  isServersChoice: true,
  depth,
  stepsPerRequest,
});
const nothing = { requests: 0, totalMs: 0, queueMs: 0, inferMs: 0 };
/** 10 requests of 9 ms each, of which 8 ms are those of the models. */
const ensemble = [
  [statisticsOf(nothing)],
  [statisticsOf({ requests: 10, totalMs: 90, queueMs: 0, inferMs: 50 })],
] as const;

test('composing gives what each model did, by the version that worked, and leaves out those that did nothing', async (t) => {
  const used = { requests: 20, totalMs: 80, queueMs: 30, inferMs: 50 };
  const snapshots = await snapshotsOf(ensemble, [model('used', 2), model('idle', 1, 2)], {
    used: [
      [statisticsOf(nothing), statisticsOf({ ...nothing, version: '2' })],
      [statisticsOf(nothing), statisticsOf({ ...used, version: '2' })],
    ],
    idle: [[statisticsOf(used)], [statisticsOf(used)]],
  });
  const [split, ...rest] = snapshots.composing(0, 1);
  t.deepEqual(rest, []);
  t.like(split, { name: 'used', version: '2', depth: 1, stepsPerRequest: 2 });
  t.like(split?.server, { requests: 20, requestMs: 4, queueMs: 1.5, computeInferMs: 2.5, overheadMs: 0 });
});

test('split counts executions by batch size, and leaves out sizes that did not occur', async (t) => {
  const ns = { count: 0, ns: 0 };
  const reading = (executions: Readonly<Record<string, number>>, requests: number): Reading => [
    {
      ...statisticsOf({ requests, totalMs: 9, queueMs: 1, inferMs: 5 }),
      batch_stats: Object.entries(executions).map(([size, count]) => ({
        batch_size: Number(size),
        ...{ compute_input: ns, compute_infer: { count, ns: 0 }, compute_output: ns },
      })),
    },
  ];
  const readings = [reading({ 1: 5, 4: 2 }, 13), reading({ 1: 5, 2: 3, 4: 6 }, 35)];
  const snapshots = await snapshotsOf(readings, [], {});
  t.deepEqual(snapshots.split(0, 1)?.batches, [
    { size: 2, executions: 3 },
    { size: 4, executions: 4 },
  ]);
  const silent = [[statisticsOf(nothing)], [statisticsOf({ ...nothing, requests: 1 })]];
  t.is((await snapshotsOf(silent, [], {})).split(0, 1)?.batches, undefined);
});

test("split: the queues of an ensemble's models are part of its request, and no overhead", async (t) => {
  const used = { requests: 20, totalMs: 80, queueMs: 30, inferMs: 50 };
  const readings = { used: [[statisticsOf(nothing)], [statisticsOf(used)]] };
  const within = await snapshotsOf(ensemble, [model('used', 2)], readings);
  t.like(within.split(0, 1), { requestMs: 9, queueMs: 3, computeInferMs: 5, overheadMs: 1 });
  const called = await snapshotsOf(ensemble, [model('used', 0)], readings);
  t.like(called.split(0, 1), { requestMs: 9, queueMs: 0, computeInferMs: 5, overheadMs: 4 });
});

test('composing falls back to an earlier answer of a model that does not answer at the end', async (t) => {
  const first = { requests: 5, totalMs: 10, queueMs: 0, inferMs: 10 };
  const snapshots = await snapshotsOf([...ensemble, ensemble[1]], [model('a', 1), model('silent', 1)], {
    a: [[statisticsOf(nothing)], [statisticsOf(first)], undefined],
    silent: [undefined, undefined, undefined],
  });
  t.deepEqual(
    snapshots.composing(0, 2).map(({ name, server }) => [name, server.requests]),
    [['a', 5]],
  );
});
