import test from 'ava';
import { featuresOf } from '../../../searcher/surrogate/features.js';

test('featuresOf places values half by their size and half by their rank, and what does not apply outside', (t) => {
  const features = featuresOf({
    dimensions: [
      { name: 'max_queue_delay_microseconds', kind: 'integer', values: [0, 500, 2000] },
      { name: 'max_batch_size', kind: 'log', values: [1, 4, 16] },
      { name: 'precision', kind: 'categorical', values: ['fp32', 'int8'] },
      { name: 'instance_count', kind: 'integer', values: [3] },
    ],
  });
  const of = (delay: number | undefined, batch: number, precision: string): number[] => [
    ...features.of({
      ...(delay === undefined ? {} : { max_queue_delay_microseconds: delay }),
      max_batch_size: batch,
      precision,
      instance_count: 3,
    }),
  ];
  t.deepEqual(of(0, 1, 'fp32'), [0, 0, 0, 0]);
  t.deepEqual(of(500, 4, 'int8'), [0.375, 0.5, 1, 0]);
  t.deepEqual(of(2000, 16, 'fp32'), [1, 1, 0, 0]);
  t.deepEqual(of(undefined, 4, 'fp32'), [-1, 0.5, 0, 0]);
});
