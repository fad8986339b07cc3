import test from 'ava';
import { createSpace } from '../../../searcher/space/space.js';
import { featuresOf } from '../../../searcher/surrogate/features.js';
import { successChanceOf } from '../../../searcher/surrogate/success-chance.js';
import type { Candidate, Trial } from '../../../src/core/trial.js';

const space = createSpace([
  { name: 'precision', kind: 'categorical', values: ['fp32', 'fp16'] },
  { name: 'instance_count', kind: 'integer', values: [1, 2, 3, 4, 5] },
  { name: 'max_batch_size', kind: 'log', values: [1, 2, 4, 8, 16, 32, 64, 128] },
  { name: 'concurrency', kind: 'log', values: [1, 8, 64] },
]);
const features = featuresOf(space);
const trial = (candidate: Candidate, ok: boolean): Trial =>
  ok ? { ok, candidate, metrics: {}, seconds: 1 } : { ok, candidate, reason: 'out of memory', seconds: 1 };
const at = (instance_count: number, max_batch_size: number, concurrency = 8, precision = 'fp16'): Candidate => ({
  precision,
  instance_count,
  max_batch_size,
  concurrency,
});

test('successChanceOf expects nothing to fail before anything has', (t) => {
  t.is(successChanceOf([trial(at(1, 1), true)], features)(at(5, 128)), 1);
});

test('successChanceOf learns from few failures that large batches times instances do not load', (t) => {
  const fits = (candidate: Candidate): boolean =>
    Number(candidate['instance_count']) * (8 + Number(candidate['max_batch_size'])) <= 100;
  const tried = [
    at(1, 1, 1),
    at(3, 16),
    at(5, 128),
    at(2, 4, 64),
    at(5, 1),
    at(2, 64),
    at(1, 32, 64),
    at(4, 32),
    at(5, 8),
  ];
  const chanceOf = successChanceOf(
    tried.map((candidate) => trial(candidate, fits(candidate))),
    features,
  );
  const chances = space.candidates.map((candidate) => ({ fits: fits(candidate), chance: chanceOf(candidate) }));
  const right = chances.filter((each) => each.chance > 0.5 === each.fits).length;
  t.true(right >= 0.85 * chances.length, `${right} of ${chances.length}`);
  t.true(chanceOf(at(4, 128)) < 0.2);
  t.true(chanceOf(at(1, 2)) > 0.85);
});

test('successChanceOf learns that a category fails', (t) => {
  const tried = [at(1, 1), at(3, 16), at(5, 64), at(2, 4)];
  const chanceOf = successChanceOf(
    tried.flatMap((candidate) => [trial(candidate, true), trial({ ...candidate, precision: 'fp32' }, false)]),
    features,
  );
  t.true(chanceOf(at(4, 8, 64, 'fp32')) < 0.35);
  t.true(chanceOf(at(4, 8, 64)) > 0.7);
});
