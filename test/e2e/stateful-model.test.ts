import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import test from 'ava';
import { createWorkplace, type Workplace } from '../helpers/cli.js';
import { runIn } from '../helpers/command-here.js';
import { readRun } from '../helpers/read-run.js';
import { serverForAll } from '../helpers/shared-server.js';
import { accumulatorModel } from '../server/sequence-models.js';

/** Streams of numbers, of which the model answers the sums so far, and the controls that it got. */
const streams = [[1, 10, 100], [5, 7], [-4]];

/** Of the accumulator, whose slots every run has to find free again. */
const server = serverForAll(async (place) => {
  for (const [name, content] of Object.entries(accumulatorModel())) {
    const file = place.path(`models/${name}`);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
  }
});

/** Data that says what the accumulator must answer to every step. */
function prepare(place: Workplace): void {
  const data = streams.map((values) => values.map((value) => ({ INPUT: [value] })));
  const validation_data = streams.map((values) =>
    values.map((_, step) => ({
      OUTPUT: [values.slice(0, step + 1).reduce((sum, value) => sum + value, 0)],
      FLAGS: [Number(step === 0), 1, Number(step === values.length - 1)],
    })),
  );
  writeFileSync(place.path('data.json'), JSON.stringify({ data, validation_data }));
}

const target = (protocol: 'http' | 'grpc'): readonly string[] => [
  ...['-m', 'sums', '-i', protocol, '-u', server().urlOf(protocol), '--json', 'run.json'],
];

for (const protocol of ['http', 'grpc'] as const) {
  for (const [what, load] of [
    ['a closed loop', ['--concurrency-range', '2:4']],
    ['a rate', ['--request-rate-range', '100', '--num-of-sequences', '4', '--serial-sequences']],
  ] as const) {
    test(`${what} over ${protocol} gets the right sums of a stateful model, whose four slots it leaves free`, async (t) => {
      await using place = createWorkplace();
      prepare(place);
      const counts = ['--request-count', '60', '--warmup-request-count', '10', '--max-error-rate', '100'];
      const { code, stderr } = await runIn(
        place,
        ...target(protocol),
        ...['--input-data', 'data.json', ...load, ...counts],
      );
      t.is(code, 0, stderr);
      for (const { failures, requests, sequences } of readRun(place, 'run.json').levels) {
        t.deepEqual(failures, []);
        t.is(requests.ok, 60);
        t.true((sequences?.completed ?? 0) > 20);
        t.is(sequences?.failed, 0);
      }
    });
  }

  test(`a wrong sum over ${protocol} is a failure, and its sequence goes on`, async (t) => {
    await using place = createWorkplace();
    prepare(place);
    writeFileSync(
      place.path('wrong.json'),
      JSON.stringify({
        data: [[{ INPUT: [1] }, { INPUT: [2] }]],
        validation_data: [[{ OUTPUT: [2] }, { OUTPUT: [3] }]],
      }),
    );
    const { code } = await runIn(
      place,
      ...target(protocol),
      ...['--input-data', 'wrong.json', '--request-count', '20'],
    );
    t.is(code, 2);
    const [level] = readRun(place, 'run.json').levels;
    t.deepEqual(
      level?.failures.map((failure) => [failure.code, failure.count, failure.firstMessage]),
      [['validation', 10, "output 'OUTPUT', index 0: expected 2, got 1"]],
    );
    t.like(level?.sequences, { begun: 10, completed: 10, failed: 0 });
  });
}
