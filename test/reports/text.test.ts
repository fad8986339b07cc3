import test from 'ava';
import { formatText } from '../../reports/text.js';
import { levelFixture, rateSettingsFixture, runFixture, serverSplitFixture } from '../helpers/run-fixture.js';

const steady = levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12], server: serverSplitFixture });

test('formatText shows settings, latencies, the server split and the lines that scripts read', (t) => {
  t.snapshot(
    formatText(
      runFixture([steady, levelFixture({ concurrency: 2, latenciesMs: [20, 22, 24], server: serverSplitFixture })]),
    ),
  );
});

test('formatText shows and explains levels that cannot be trusted', (t) => {
  const text = formatText(
    runFixture(
      [
        levelFixture({
          concurrency: 1,
          latenciesMs: [10],
          stability: { stable: false, reason: 'throughput' },
          isOverLimit: true,
          failures: [{ code: 'grpc 14', count: 3, firstMessage: 'Exceeds maximum queue size' }],
        }),
        levelFixture({ concurrency: 2, latenciesMs: [], stability: { stable: false, reason: 'no-valid-requests' } }),
        levelFixture({ concurrency: 3, latenciesMs: [5], stability: { stable: false, reason: 'interrupted' } }),
      ],
      { isInterrupted: true, settings: { ...runFixture([]).settings, latencyLimitMs: 8 } },
    ),
  );
  t.snapshot(text);
});

test('formatText says how long a silent server was waited for', (t) => {
  const { settings } = runFixture([]);
  const measurement = { ...settings.measurement, silenceLimitMs: 60_250 };
  const level = levelFixture({ concurrency: 1, latenciesMs: [], stability: { stable: false, reason: 'no-answer' } });
  t.regex(
    formatText(runFixture([level], { settings: { ...settings, measurement } })),
    /! concurrency 1: given up, since no request was answered for 60\.25 s; a model that takes longer needs --request-timeout\./,
  );
});

test('formatText says what the sequences are like, and where they went', (t) => {
  const sequences = { begun: 12, completed: 7, failed: 1, completedPerSecond: 7 };
  const run = runFixture([{ ...steady, sequences }]);
  const settings = { concurrent: 4, lengthVariationPercent: 20, firstId: 1, idCount: 10, isSerial: true };
  const inSequences = (change: Partial<typeof run.settings>) =>
    formatText({ ...run, settings: { ...run.settings, sequences: settings, ...change } });
  const text = inSequences({});
  t.regex(text, /\nsequences: as long as their data streams, one for each request in flight\n/);
  t.regex(text, /concurrency {2}begun {2}completed {2}completed\/s {2}failed\n.*\n +1 +12 +7 +7\.00 +1\n/);
  const load = { ...rateSettingsFixture, range: { start: 1, end: 1, step: 1 }, search: 'linear' } as const;
  const open = inSequences({ load, sequences: { ...settings, length: 20 } });
  t.regex(open, /sequences: of 20 requests ± 20 %, 4 at a time, each with at most one request in flight\n/);
});

test('formatText of a run that measured nothing says so', (t) => {
  t.true(formatText(runFixture([], { isInterrupted: true })).includes('Nothing was measured.'));
});

test('formatText the closing lines are those of perf_analyzer', (t) => {
  t.true(
    formatText(runFixture([steady])).endsWith(
      'Inferences/Second vs. Client Average Batch Latency\nConcurrency: 1, throughput: 3 infer/sec, latency 11000 usec\n',
    ),
  );
});

test('formatText of an open loop shows the parts of the response time and what was dropped', (t) => {
  const paced = levelFixture({ requestRate: 2.5, latenciesMs: [10, 20, 30] });
  const settings = {
    ...runFixture([]).settings,
    load: { ...rateSettingsFixture, range: { start: 2.5, end: 2.5, step: 1 }, search: 'linear' } as const,
  };
  t.snapshot(formatText(runFixture([paced], { settings })));
});

/** Figures as wide as they come. */
const wide = { ...serverSplitFixture, requestMs: 1234.5678, computeInferMs: 1234.5678, clientMs: 1234.5678 };
const widthOf = (text: string): number =>
  Math.max(
    ...text
      .split('\n')
      .filter((line) => /^ *[\d─]/.test(line))
      .map((line) => line.length),
  );

test('formatText has tables for a terminal of 80 columns when all went well, and of 100 when it did not', (t) => {
  const latenciesMs = Array.from({ length: 2000 }, (_, index) => 0.5 + 4.9 * index);
  const good = levelFixture({ concurrency: 1024, latenciesMs, server: wide });
  t.true(widthOf(formatText(runFixture([good]))) <= 80, formatText(runFixture([good])));
  const bad = levelFixture({
    ...{ concurrency: 1024, latenciesMs, server: wide },
    stability: { stable: false, reason: 'throughput' },
    failures: [{ code: 'http 503', count: 1000, firstMessage: 'x' }],
  });
  t.true(widthOf(formatText(runFixture([bad]))) <= 100, formatText(runFixture([bad])));
  const paced = levelFixture({ requestRate: 12_345.5, latenciesMs });
  const load = { ...rateSettingsFixture, range: { start: 2.5, end: 2.5, step: 1 }, search: 'linear' } as const;
  const settings = { ...runFixture([]).settings, load };
  t.true(widthOf(formatText(runFixture([paced], { settings }))) <= 100);
});
