import test from 'ava';
import {
  cacheTestInputs,
  cacheTestOrder,
  cacheTestRequests,
  createCacheWitness,
  differentRequests,
} from '../../../analyzer/limits/cache-turns.js';
import { formatText } from '../../../reports/text.js';
import type { CacheTest } from '../../../src/core/cache-test.js';
import { seededRandom } from '../../../src/core/random.js';
import { type InferRequest, noParameters } from '../../../src/protocol/infer.js';
import { normals } from '../../helpers/latency-truth.js';
import { levelFixture, runFixture } from '../../helpers/run-fixture.js';
import { schemaErrors } from '../../helpers/run-schema.js';

const all = Array.from({ length: cacheTestInputs }, (_, index) => index);

/** A server that keeps its answers, or does not, with latencies that vary by 20 %, and by input by 30 %. */
function tested(options: { keeps: boolean; seed?: number; fresh?: readonly number[]; failed?: number }): CacheTest {
  const { keeps, seed = 1, fresh = all, failed = 0 } = options;
  const normal = normals(seededRandom(seed));
  const costs = all.map(() => Math.exp(0.3 * normal()));
  const next = cacheTestOrder(fresh)();
  const witness = createCacheWitness(fresh);
  const known = new Set<number>();
  for (let sent = 0; sent < cacheTestRequests; sent++) {
    const request = next(0);
    const isHit = keeps && known.has(request);
    known.add(request);
    witness.record(request, (isHit ? 0.5 : 1) * (costs[request] ?? 1) * Math.exp(0.2 * normal()));
  }
  return witness.result(failed);
}

test('cacheTestOrder sends five new inputs, then the last of them five times', (t) => {
  const next = cacheTestOrder(all)();
  t.deepEqual(
    Array.from({ length: 22 }, () => next(0)),
    [0, 1, 2, 3, 4, 4, 4, 4, 4, 4, 5, 6, 7, 8, 9, 9, 9, 9, 9, 9, 10, 11],
  );
});

test('a cache is found, and none where there is none, whatever the inputs cost', (t) => {
  const found = tested({ keeps: true });
  t.like(found, { verdict: 'found', rounds: 100 });
  t.true(Math.abs((found.ratio?.value ?? 0) - 2) < 0.3, JSON.stringify(found));
  const verdicts = Array.from({ length: 100 }, (_, seed) => tested({ keeps: false, seed }).verdict);
  t.deepEqual([...new Set(verdicts)].toSorted(), ['not-found', 'undecided']);
  t.true(verdicts.filter((verdict) => verdict === 'not-found').length > 25);
});

test('nothing is said of inputs that are too few, or when requests failed', (t) => {
  t.deepEqual(tested({ keeps: true, fresh: all.slice(0, 30) }), { verdict: 'undecided', rounds: 4 });
  t.like(tested({ keeps: true, fresh: all.slice(0, 60) }), { verdict: 'found', rounds: 10 });
  t.is(tested({ keeps: true, failed: 1 }).verdict, 'undecided');
});

test('differentRequests leaves out those whose inputs came before', (t) => {
  const request = (...data: number[]): InferRequest => ({
    ...{ modelName: 'm', modelVersion: '', id: '', parameters: noParameters, outputs: [] },
    inputs: [{ name: 'X', datatype: 'UINT8', shape: [2], parameters: noParameters, data: Uint8Array.from(data) }],
  });
  t.deepEqual(differentRequests([request(1, 2), request(1, 3), request(1, 2), request(2, 1)]), [0, 1, 3]);
});

test('a report says what a cache test found, and its run is a document', (t) => {
  const cacheTest = tested({ keeps: true });
  const run = { ...runFixture([levelFixture({ concurrency: 1, latenciesMs: [1] })]), cacheTest };
  t.deepEqual(schemaErrors(run), []);
  t.regex(formatText(run), /! Cache: found, repeated inputs are answered [\d.]+ times as fast as new ones \(/);
});
