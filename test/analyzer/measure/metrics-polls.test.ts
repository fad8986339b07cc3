import test from 'ava';
import { pollMetrics } from '../../../analyzer/measure/metrics-polls.js';
import { fromMs } from '../../../src/core/units.js';
import { parseExposition } from '../../../src/protocol/exposition.js';
import { createSimulation } from '../../helpers/simulation.js';

/** Polls an endpoint whose text depends on the time, each second for so long, and summarises a stretch of it. */
async function polled(
  text: (second: number) => string | undefined,
  options: { forMs: number; span: [number, number] },
) {
  const simulation = createSimulation();
  const { clock } = simulation;
  const read = async () => {
    const answer = text(clock.now() / 1e9);
    return answer === undefined ? undefined : parseExposition(answer);
  };
  const polls = pollMetrics({ read, intervalMs: 1000 }, clock);
  const { forMs, span } = options;
  await simulation.run(clock.sleepUntil(fromMs(forMs)).then(() => polls.stop()));
  return polls.summarise(fromMs(span[0]), fromMs(span[1]));
}

test('pollMetrics means gauges over the stretch, not over what was before it', async (t) => {
  const metrics = await polled((second) => `util{gpu_uuid="a"} ${second < 2 ? 0 : second}`, {
    forMs: 5500,
    span: [1500, 4500],
  });
  t.is(metrics?.polls, 3);
  t.deepEqual(metrics?.series, [{ name: 'util', labels: { gpu_uuid: 'a' }, kind: 'gauge', mean: 3, min: 2, max: 4 }]);
});

test('pollMetrics gives the increase of counters, around the stretch, and its rate', async (t) => {
  const metrics = await polled((second) => `# TYPE n counter\nn ${100 * second}`, { forMs: 4000, span: [1500, 2500] });
  t.deepEqual(metrics?.series, [{ name: 'n', labels: {}, kind: 'counter', increase: 200, perSecond: 100 }]);
});

test('pollMetrics has a last poll at the end, so that a short level has a rate too', async (t) => {
  const metrics = await polled((second) => `# TYPE n counter\nn ${100 * second}`, { forMs: 500, span: [0, 500] });
  t.deepEqual(metrics?.series, [{ name: 'n', labels: {}, kind: 'counter', increase: 50, perSecond: 100 }]);
});

test('pollMetrics says nothing of a counter that began anew, and leaves out what is no number', async (t) => {
  const metrics = await polled((second) => `# TYPE n counter\nn ${second < 2 ? 50 : 1}\ng NaN\nok 1`, {
    forMs: 4000,
    span: [500, 3500],
  });
  t.deepEqual(
    metrics?.series.map(({ name }) => name),
    ['ok'],
  );
});

test('pollMetrics goes on after an answer that failed', async (t) => {
  const metrics = await polled((second) => (second === 2 ? undefined : 'g 1'), { forMs: 4000, span: [500, 3500] });
  t.is(metrics?.polls, 2);
});

test('pollMetrics has no metrics when nothing was ever said', async (t) => {
  t.is(await polled(() => undefined, { forMs: 3000, span: [0, 3000] }), undefined);
});
