import test from 'ava';
import { fitService } from '../../../searcher/simulator/fit-service.js';
import { effectsOf, predictThroughput } from '../../../searcher/simulator/service-model.js';
import { createSpace } from '../../../searcher/space/space.js';

test('fitService finds the parameters that made the measurements, and foresees others', (t) => {
  const space = createSpace([
    { name: 'instance_count', kind: 'integer', values: [1, 2] },
    { name: 'max_batch_size', kind: 'log', values: [1, 4, 16] },
    { name: 'precision', kind: 'categorical', values: ['fp32', 'int8'] },
    { name: 'concurrency', kind: 'log', values: [1, 4, 16, 64] },
  ]);
  const effects = effectsOf(space.dimensions);
  const truth = [Math.log(0.004), Math.log(0.001), Math.log(0.0005), 0.5, Math.log(16), -0.7];
  const served = space.candidates.map((candidate) => ({
    candidate,
    throughput: predictThroughput(truth, candidate, effects),
  }));
  const seen = served.filter((_, index) => index % 4 === 1);
  const fitted = fitService(seen, effects) ?? [];
  const errors = served.map(({ candidate, throughput }) =>
    Math.abs(Math.log(predictThroughput(fitted, candidate, effects) / throughput)),
  );
  t.true((errors.toSorted((left, right) => left - right)[Math.floor(errors.length / 2)] ?? 1) < 0.05, `${fitted}`);
});

test('fitService needs a throughput', (t) => {
  t.is(fitService([{ candidate: { concurrency: 1 }, throughput: 0 }], effectsOf([])), undefined);
});
