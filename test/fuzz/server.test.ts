import test from 'ava';
import { fuzzServer } from './server-fuzz.js';

/** Of garbage there is none; buffers that are kept for later requests are at most so much. */
const mostGrowthBytes = 64 * 2 ** 20;

test('a server that is sent nonsense over HTTP and gRPC lives on', async (t) => {
  const report = await fuzzServer(1000, 20_261_121);
  t.is(report.exit, undefined);
  t.deepEqual(report.internalErrors, []);
  t.true(report.isServing);
  t.is(report.requests, 1000);
  t.true(report.answered > report.connections / 2);
  const [, early, late] = report.settledBytes;
  t.true(late - early < mostGrowthBytes, `${early} bytes after a quarter, ${late} at the end`);
});
