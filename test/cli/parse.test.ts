import test from 'ava';
import { parseInteger, parseNumber, parsePercentile, parseRange, parseUrl } from '../../src/cli/flags/parse.js';
import { PerfError } from '../../src/core/perf-error.js';

const accepted: readonly (readonly [string, unknown, unknown])[] = [
  ['parseRange 1:8', parseRange('-c', '1:8'), { start: 1, end: 8, step: 1 }],
  ['parseRange 2:16:2', parseRange('-c', '2:16:2'), { start: 2, end: 16, step: 2 }],
  ['parseRange a lone start', parseRange('-c', '5'), { start: 5, end: 5, step: 1 }],
  ['parseRange an open end', parseRange('-c', '4:0:4'), { start: 4, end: 0, step: 4 }],
  ['parseInteger', parseInteger('-b', '12', 1), 12],
  ['parseNumber', parseNumber('-l', '0.5', 0), 0.5],
  ['parseNumber with an exponent', parseNumber('-l', '1e3', 0), 1000],
  ['parsePercentile', parsePercentile('--percentile', '99.9'), 99.9],
  ['parseUrl host:port', parseUrl('-u', 'localhost:8000', 'http'), 'localhost:8000'],
  ['parseUrl with a scheme', parseUrl('-u', 'http://10.0.0.1:80/', 'http'), '10.0.0.1:80'],
  ['parseUrl with a scheme and its port', parseUrl('-u', 'http://h', 'http'), 'h:80'],
  ['parseUrl https', parseUrl('-u', 'HTTPS://h:8443/', 'http'), 'https://h:8443'],
  ['parseUrl https and its port', parseUrl('-u', 'https://[::1]', 'http'), 'https://[::1]:443'],
  ['parseUrl grpc', parseUrl('-u', 'grpc://h:8001', 'grpc'), 'h:8001'],
  ['parseUrl grpcs', parseUrl('-u', 'grpcs://h', 'grpc'), 'grpcs://h:443'],
  ['parseUrl IPv6', parseUrl('-u', '[::1]:8001', 'grpc'), '[::1]:8001'],
];
for (const [criterion, got, expected] of accepted) {
  test(criterion, (t) => {
    t.deepEqual(got, expected);
  });
}

const refused: readonly (readonly [string, () => unknown, string])[] = [
  [
    '8:1x',
    () => parseRange('--concurrency-range', '8:1x'),
    "--concurrency-range: expected start[:end[:step]] with positive integers, such as 1:8 or 2:16:2, got '8:1x'",
  ],
  ['0:4', () => parseRange('--concurrency-range', '0:4'), "got '0:4'"],
  ['1:2:3:4', () => parseRange('--concurrency-range', '1:2:3:4'), "got '1:2:3:4'"],
  ['1:4:0', () => parseRange('--concurrency-range', '1:4:0'), "got '1:4:0'"],
  [
    '8:4',
    () => parseRange('--concurrency-range', '8:4'),
    "an end of at least the start 8 (or 0 for no end), got '8:4'",
  ],
  ['empty', () => parseRange('--concurrency-range', ''), "got ''"],
  ['100,400', () => parseInteger('-p', '100,400', 1), "-p: expected an integer of at least 1, got '100,400'"],
  ['29.5', () => parseInteger('-b', '29.5', 1), "got '29.5'"],
  ['0', () => parseInteger('-b', '0', 1), "got '0'"],
  ['1e400', () => parseNumber('-s', '1e400', 0), "got '1e400'"],
  ['-1', () => parseNumber('-s', '-1', 0), "got '-1'"],
  [
    '100',
    () => parsePercentile('--percentile', '100'),
    "--percentile: expected a percentile above 0 and below 100, got '100'",
  ],
  ['abc', () => parsePercentile('--percentile', 'abc'), "got 'abc'"],
  ['host', () => parseUrl('-u', 'host', 'http'), "-u: expected host:port, such as localhost:8000, got 'host'"],
  ['http://h:1/prefix', () => parseUrl('-u', 'http://h:1/prefix', 'http'), "got 'http://h:1/prefix'"],
  ['https://h:1', () => parseUrl('-u', 'https://h:1', 'grpc'), "got 'https://h:1'"],
  ['grpcs://h:1', () => parseUrl('-u', 'grpcs://h:1', 'http'), "got 'grpcs://h:1'"],
  ['grpc://h', () => parseUrl('-u', 'grpc://h', 'grpc'), "got 'grpc://h'"],
  ['http://h:1', () => parseUrl('-u', 'http://h:1', 'grpc'), "got 'http://h:1'"],
  ['h:99999', () => parseUrl('-u', 'h:99999', 'grpc'), "got 'h:99999'"],
];
for (const [text, parse, message] of refused) {
  test(`parse refuses '${text}'`, (t) => {
    const error = t.throws(parse, { instanceOf: PerfError });
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(message), error?.message);
  });
}
