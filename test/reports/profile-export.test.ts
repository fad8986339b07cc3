import test from 'ava';
import {
  epochAt,
  experimentHead,
  experimentTail,
  head,
  labelText,
  requestText,
  tail,
  windowBoundaries,
} from '../../reports/profile-export.js';
import { fromMs, ns } from '../../src/core/units.js';
import { levelFixture } from '../helpers/run-fixture.js';

const epoch = epochAt(1_700_000_000_123.25);
const load = (concurrency: number) => ({ kind: 'concurrency', concurrency }) as const;

test('the pieces of a profile export make the document of perf_analyzer', (t) => {
  const text =
    head +
    experimentHead(load(1), true) +
    requestText({ sentAt: ns(1), responseTimes: [ns(1_000_000_001)] }, epoch, true) +
    requestText({ sentAt: ns(2), responseTimes: [ns(3), ns(4)], sequenceId: 7 }, epoch, false) +
    experimentTail([ns(0), fromMs(1000)], epoch) +
    experimentHead(load(4), false) +
    experimentTail([], epoch) +
    tail('1.2.3');
  t.is(
    text,
    '{"experiments":[{"experiment":{"mode":"concurrency","value":1},"requests":[' +
      '{"timestamp":1700000000123250001,"response_timestamps":[1700000001123250001]},' +
      '{"timestamp":1700000000123250002,"sequence_id":7,"response_timestamps":[1700000000123250003,1700000000123250004]}],' +
      '"window_boundaries":[1700000000123250000,1700000001123250000]},' +
      '{"experiment":{"mode":"concurrency","value":4},"requests":[],"window_boundaries":[]}],' +
      '"version":"1.2.3","service_kind":"triton","endpoint":""}\n',
  );
  t.is(JSON.parse(text).experiments.length, 2);
});

test('tensors stand before and behind the response times, as many outputs as times', (t) => {
  const tensors = { inputs: '{"IN":[1,2]}', outputs: ['{"OUT":1}', undefined] };
  const request = { sentAt: ns(1), responseTimes: [ns(3), ns(4), ns(5)], sequenceId: 7, tensors };
  t.regex(
    requestText(request, epoch, true),
    /^{"timestamp":\d+,"sequence_id":7,"request_inputs":{"IN":\[1,2\]},"response_timestamps":\[\d+,\d+,\d+\],"response_outputs":\[{"OUT":1},{},{}\]}$/,
  );
  t.regex(
    requestText({ ...request, tensors: { inputs: undefined, outputs: [] } }, epoch, true),
    /"request_inputs":{},/,
  );
});

test('an open loop is an experiment of its rate', (t) => {
  const head = experimentHead({ kind: 'request-intervals', requestsPerSecond: 12.5, maxInFlight: 8 }, true);
  t.is(head, '{"experiment":{"mode":"request_rate","value":12.5},"requests":[');
});

test('timestamps keep their nanoseconds across a second', (t) => {
  t.regex(
    requestText({ sentAt: ns(876_750_000), responseTimes: [ns(876_749_999)] }, epoch, true),
    /1700000001000000000.*1700000000999999999/,
  );
});

test('windowBoundaries are the starts of the windows and the end of the last', (t) => {
  t.deepEqual(windowBoundaries(levelFixture({ concurrency: 1, latenciesMs: [1] }), fromMs(5)), [
    fromMs(5),
    fromMs(1005),
  ]);
});

test('a label says which of several models and servers a request was for', (t) => {
  const times = { sentAt: ns(0), responseTimes: [ns(1)], label: labelText({ model: 'a"b', url: 'localhost:8000' }) };
  t.like(JSON.parse(requestText(times, epoch, true)), { model: 'a"b', url: 'localhost:8000' });
});
