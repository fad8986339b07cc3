import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { readFlags } from './read-flags.js';

const read = (...args: readonly string[]) => readFlags('-m', 'simple', ...args);

test('wireSettings without flags: binary, and nothing added', (t) => {
  t.deepEqual(read().settings.wire, {
    headerNames: [],
    requestParameters: {},
    inputFormat: 'binary',
    outputFormat: 'binary',
    compression: 'none',
  });
});

test('wireSettings keeps the names of headers, and their values to the connection', (t) => {
  const { settings, server } = read('-H', 'Authorization: Bearer a:b=c ', '--header', 'x-empty:', '-Hx-y:1');
  t.deepEqual(settings.wire.headerNames, ['Authorization', 'x-empty', 'x-y']);
  t.deepEqual(server.connection.headers, [
    ['Authorization', 'Bearer a:b=c'],
    ['x-empty', ''],
    ['x-y', '1'],
  ]);
  t.false(JSON.stringify(settings).includes('Bearer'));
});

test('wireSettings reads parameters by their type', (t) => {
  const texts = ['a:true:bool', 'b:-7:int', 'c:x:y:STRING', 'd:1e-3:double', 'e::string', 'f:0:Bool'];
  t.deepEqual(read(...texts.flatMap((text) => ['--request-parameter', text])).settings.wire.requestParameters, {
    a: true,
    b: -7,
    c: 'x:y',
    d: 0.001,
    e: '',
    f: false,
  });
});

test('wireSettings reads formats in any case', (t) => {
  const { wire } = read('--input-tensor-format', 'JSON', '--output-tensor-format', 'Json').settings;
  t.deepEqual([wire.inputFormat, wire.outputFormat], ['json', 'json']);
});

test('wireSettings reads the compression of the protocol', (t) => {
  t.is(read('--http-compression', 'GZIP').settings.wire.compression, 'gzip');
  t.is(read('-i', 'grpc', '--grpc-compression-algorithm', 'deflate').settings.wire.compression, 'deflate');
});

const refused: readonly (readonly [args: readonly string[], says: string])[] = [
  [['-H', 'nothing'], "Cannot use -H: expected Name:Value in ASCII, such as Authorization:token, got 'nothing'"],
  [['-H', ':value'], "got ':value'"],
  [['-H', 'a b:c'], "got 'a b:c'"],
  [['-H', 'a:b\r\nc: d'], 'expected Name:Value'],
  [['-H', 'Content-Length:5'], 'expected a header that does not frame the request'],
  [['-i', 'grpc', '-H', 'grpc-timeout:5S'], 'expected a header that does not frame the request'],
  [['-i', 'grpc', '-H', 'x-bin:not base64'], 'expected a value in base64'],
  [['--request-parameter', 'a:b'], "expected name:value:type with type bool, int, double or string, got 'a:b'"],
  [['--request-parameter', 'a:1:uint8'], "got 'a:1:uint8'"],
  [['--request-parameter', 'a:1.5:int'], "expected a value of type int, got 'a:1.5:int'"],
  [['--request-parameter', 'a:yes:bool'], "got 'a:yes:bool'"],
  [['--request-parameter', ':1:int'], "got ':1:int'"],
  [['--input-tensor-format', 'xml'], "Cannot use --input-tensor-format: expected binary, json, got 'xml'"],
  [['--http-compression', 'br'], "Cannot use --http-compression: expected none, gzip, deflate, got 'br'"],
  [
    ['--grpc-compression-algorithm', 'gzip'],
    'Cannot use --grpc-compression-algorithm gzip over http: expected -i grpc',
  ],
  [['-i', 'grpc', '--http-compression', 'gzip'], 'Cannot use --http-compression gzip over grpc'],
  [['-i', 'grpc', '--output-tensor-format', 'json'], 'Cannot use --output-tensor-format json over grpc'],
];
for (const [args, says] of refused) {
  test(`wireSettings refuses ${JSON.stringify(args)}`, (t) => {
    const refusal = t.throws(() => read(...args), { instanceOf: PerfError });
    t.is(refusal?.code, 'usage');
    t.true(refusal?.message.includes(says), refusal?.message);
  });
}
