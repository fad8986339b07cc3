import test from 'ava';
import { overload } from './overload.js';

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

for (const protocol of ['http', 'grpc'] as const) {
  test(`a model beyond its capacity over ${protocol} refuses at once and loses nothing`, async (t) => {
    const report = await overload(protocol, { durationMs: 1500, timesCapacity: 8 });
    t.deepEqual(report.others, []);
    t.is(report.ok + report.refused, report.sent);
    t.is(report.served, report.ok);
    t.true(report.ok > 0 && report.refused > 0, `${report.ok} ok, ${report.refused} refused`);
    t.true(
      median(report.refusedMs) < median(report.okMs),
      `${median(report.refusedMs)} ms against ${median(report.okMs)}`,
    );
  });
}
