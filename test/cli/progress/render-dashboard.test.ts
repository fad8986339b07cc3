import test from 'ava';
import { createLatencyRecorder } from '../../../analyzer/measure/latency-recorder.js';
import { latencyShape } from '../../../analyzer/measure/latency-shape.js';
import { histogramRows, sparkline, stackedBar } from '../../../src/cli/progress/block-graphics.js';
import { type DashboardState, renderDashboard } from '../../../src/cli/progress/render-dashboard.js';
import { createScreen } from '../../../src/cli/progress/screen.js';
import { seededRandom } from '../../../src/core/random.js';
import { fromMs } from '../../../src/core/units.js';
import { levelFixture, runFixture, serverSplitFixture } from '../../helpers/run-fixture.js';

const latencies = createLatencyRecorder();
const random = seededRandom(3);
for (let count = 0; count < 1000; count++) latencies.record(fromMs(4 + 6 * random() ** 4));
const { settings } = runFixture([]);

const state: DashboardState = {
  view: {
    load: { kind: 'concurrency', concurrency: 2 },
    window: 2,
    maxTrials: 10,
    elapsedMs: 1400,
    windowElapsedMs: 400,
    throughput: 123.456,
    requests: 1000,
    answeredRequests: 1234,
    failedRequests: 5,
    p99Ms: 9.8,
    latency: latencyShape(latencies),
    server: { ...serverSplitFixture, clientMs: 10 },
    stability: { stable: false, reason: 'too-few-windows' },
  },
  plan: { settings: { ...settings, modelName: 'resnet50' }, levelsLeft: 0 },
  elapsedMs: 83_000,
  rates: [100, 120, 110, 130],
  levels: [levelFixture({ concurrency: 1, latenciesMs: [10, 11, 12] })],
  search: undefined,
  said: ['The first thing that was said.', 'The last.'],
};

test('renderDashboard shows everything on a terminal of 80x24', (t) => {
  const lines = renderDashboard(state, { columns: 80, rows: 24 });
  t.snapshot(lines.join('\n'));
  t.true(lines.length <= 24);
});

for (const [columns, rows] of [
  [80, 24],
  [40, 10],
  [60, 14],
  [200, 60],
  [20, 3],
  [1, 1],
] as const) {
  test(`renderDashboard keeps within ${columns}x${rows}`, (t) => {
    const lines = renderDashboard(state, { columns, rows });
    t.true(lines.length <= rows);
    t.true(lines.every((line) => [...line].length <= columns));
  });
}

test('renderDashboard leaves out what matters less: throughput and latency are the last to go', (t) => {
  const small = renderDashboard(state, { columns: 60, rows: 10 }).join('\n');
  t.regex(small, /throughput.*latency ms.*best so far/su);
  t.notRegex(small, /The last\.|▁ *\n.*▁/u);
});

test('renderDashboard of a search: what is measured, and the best so far', (t) => {
  const search = { candidate: 'instance_count 2, concurrency 8', measured: 7, best: 'instance_count 1: 900 infer/s' };
  const text = renderDashboard({ ...state, search }, { columns: 80, rows: 24 }).join('\n');
  t.true(text.includes('search: 7 measured, now instance_count 2, concurrency 8'));
  t.true(text.includes('best so far instance_count 1: 900 infer/s'));
  const later = renderDashboard({ ...state, search: { ...search, secondsLeft: 91 } }, { columns: 80, rows: 24 });
  t.true(later.join('\n').includes('search: 7 measured, at most 2 min left, now instance_count 2'));
});

test('renderDashboard lets no name from elsewhere move the cursor', (t) => {
  const plan = { ...state.plan, settings: { ...settings, modelName: 'a\x1b[2Jb\nc\x9bd' } };
  const lines = renderDashboard({ ...state, plan }, { columns: 80, rows: 24 });
  t.true(lines[0]?.startsWith('perf-analyze  a [2Jb c d, batch'));
});

test('sparkline, histogramRows and stackedBar are in proportion', (t) => {
  t.is(sparkline([0, 4, 8], 80), '▁▄█');
  t.is(sparkline([9, 4, 8], 2), '▄█');
  t.is(sparkline([], 5), '');
  t.deepEqual(histogramRows([0, 1, 16, 1000], { width: 4, height: 2 }), ['   █', ' ▁▁█']);
  t.deepEqual(histogramRows([1, 1, 2, 2], { width: 2, height: 1 }), ['▄█']);
  t.is(
    stackedBar(
      [
        { mark: 'q', share: 1 },
        { mark: 'c', share: 3 },
      ],
      8,
    ),
    'qqcccccc',
  );
  t.is(stackedBar([], 8), '');
});

test('createScreen leaves out pictures while the terminal takes nothing, and never cuts one', (t) => {
  let written = '';
  let room = 1e6;
  const screen = createScreen({
    writeSome: (bytes) => {
      const some = bytes.subarray(0, room);
      room -= some.length;
      written += Buffer.from(some).toString();
      return some.length;
    },
    writeAll: (bytes) => {
      written += Buffer.from(bytes).toString();
    },
  });
  screen.draw(['before it is open']);
  t.is(written, '');
  screen.open();
  room = 10;
  screen.draw(['first picture']);
  screen.draw(['second']);
  t.true(written.endsWith('\x1b[Hfirst p'));
  room = 1e6;
  screen.draw(['third']);
  t.true(written.endsWith('first picture\x1b[K\x1b[J\x1b[Hthird\x1b[K\x1b[J'));
  room = 4;
  screen.draw(['fourth']);
  screen.close();
  screen.close();
  t.true(written.endsWith('fourth\x1b[K\x1b[J\x1b[?7h\x1b[?25h\x1b[?1049l'));
  screen.draw(['after']);
  t.false(written.includes('after'));
});
