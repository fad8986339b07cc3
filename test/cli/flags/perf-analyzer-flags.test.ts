import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, isAbsolute, join } from 'node:path';
import test from 'ava';
import { PerfError } from '../../../src/core/perf-error.js';
import { certificateFile } from '../../certificates/certificates.js';
import { readFlags } from './read-flags.js';

const https = ['-u', 'https://h'];
const grpcs = ['-i', 'grpc', '-u', 'grpcs://h'];
const ca = certificateFile('ca.pem');
const chain = certificateFile('client.pem');
const key = certificateFile('client-key.pem');
const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-flags-'));
test.after.always(() => rmSync(folder, { recursive: true }));
const intervals = join(folder, 'intervals.txt');
writeFileSync(intervals, '1000\n2000\n');
const schedule = join(folder, 'schedule.json');
writeFileSync(
  schedule,
  JSON.stringify({
    data: [
      { timestamp: 0, INPUT0: [1] },
      { timestamp: 5, INPUT0: [2] },
    ],
  }),
);
/** Files without their folder, which is another on every machine. */
const shown = (text: string): string => (isAbsolute(text) ? basename(text) : text);

/**
 * Every flag of perf_analyzer 2.64, with what becomes of it here: it works, it is accepted with a note that it changes
 * nothing, or it is refused with what to use instead.
 */
const flags: readonly (readonly [kind: 'works' | 'noted' | 'refused', flag: string, ...values: string[]])[] = [
  ['works', '-m', 'simple'],
  ['works', '-x', '1'],
  ['works', '-b', '2'],
  ['refused', '--model-signature-name', 'serving_default'],
  ['works', '--service-kind', 'triton'],
  ['refused', '--service-kind', 'openai'],
  ['refused', '--service-kind', 'tfserving'],
  ['refused', '--service-kind', 'torchserve'],
  ['refused', '--service-kind', 'triton_c_api'],
  ['refused', '--service-kind', 'dynamic_grpc'],
  ['refused', '--triton-server-directory', '/opt/tritonserver'],
  ['works', '--model-repository', 'models'],
  ['works', '-u', 'localhost:8000'],
  ['works', '-i', 'GRPC'],
  ['works', '-u', 'http://localhost:8000'],
  ['refused', '--endpoint', 'v1/chat/completions'],
  ['noted', '--async'],
  ['noted', '-a'],
  ['noted', '--sync'],
  ['works', '--streaming', '-i', 'grpc'],
  ['refused', '--streaming'],
  ['works', '-H', 'Name:Value'],
  ['works', '--input-tensor-format', 'json'],
  ['works', '--output-tensor-format', 'BINARY'],
  ['works', '--request-parameter', 'name:1:int'],
  ['works', '--grpc-compression-algorithm', 'gzip', '-i', 'grpc'],
  ['refused', '--grpc-method', 'package.Service/Method'],
  ['refused', '--proto', 'service.proto'],
  ['works', '--concurrency-range', '1:4'],
  ['refused', '--session-concurrency', '2'],
  ['works', '--request-rate-range', '100:200:50'],
  ['works', '--request-distribution', 'poisson', '--request-rate-range', '100'],
  ['works', '--request-intervals', intervals],
  ['works', '--binary-search', '--concurrency-range', '1:8', '-l', '50'],
  ['works', '--periodic-concurrency-range', '1:4'],
  ['works', '--request-period', '5', '--periodic-concurrency-range', '1:4'],
  ['works', '--fixed-schedule', '--input-data', schedule],
  ['works', '--num-of-sequences', '8', '--request-rate-range', '100'],
  ['works', '--sequence-length', '10'],
  ['works', '--sequence-length-variation', '0'],
  ['works', '--sequence-id-range', '1:100'],
  ['works', '--serial-sequences'],
  ['works', '-l', '50'],
  ['works', '--latency-threshold', '50'],
  ['works', '--max-threads', '4'],
  ['refused', '-t', '4'],
  ['refused', '-c', '4'],
  ['refused', '-d'],
  ['works', '--measurement-mode', 'count_windows'],
  ['works', '-p', '1000'],
  ['works', '--measurement-interval', '1000'],
  ['works', '--measurement-request-count', '10'],
  ['works', '-s', '5'],
  ['works', '--stability-percentage', '5'],
  ['works', '-r', '5'],
  ['works', '--max-trials', '5'],
  ['works', '--percentile', '95'],
  ['works', '--request-count', '100'],
  ['works', '--warmup-request-count', '10'],
  ['works', '--input-data', 'zero'],
  ['works', '--string-length', '16'],
  ['works', '--string-data', 'text'],
  ['works', '--shared-memory', 'system'],
  ['refused', '--shared-memory', 'cuda'],
  ['works', '--output-shared-memory-size', '1024', '--shared-memory', 'system'],
  ['works', '-v'],
  ['works', '--shape', 'INPUT0:4'],
  ['refused', '-z'],
  ['refused', '--data-directory', 'data'],
  ['works', '--ssl-grpc-use-ssl', '-i', 'grpc', '-u', 'h:1'],
  ['works', '--ssl-grpc-root-certifications-file', ca, ...grpcs],
  ['works', '--ssl-grpc-private-key-file', key, '--ssl-grpc-certificate-chain-file', chain, ...grpcs],
  ['works', '--ssl-grpc-certificate-chain-file', chain, '--ssl-grpc-private-key-file', key, ...grpcs],
  ['works', '--ssl-https-verify-peer', '0', ...https],
  ['works', '--ssl-https-verify-host', '1', ...https],
  ['works', '--ssl-https-ca-certificates-file', ca, ...https],
  ['works', '--ssl-https-client-certificate-file', chain, '--ssl-https-private-key-file', key, ...https],
  ['works', '--ssl-https-client-certificate-type', 'PEM', ...https],
  ['works', '--ssl-https-private-key-file', key, '--ssl-https-client-certificate-file', chain, ...https],
  ['works', '--ssl-https-private-key-type', 'PEM', ...https],
  ['works', '--collect-metrics'],
  ['works', '--metrics-url', 'localhost:8002/metrics', '--collect-metrics'],
  ['works', '--metrics-interval', '500', '--collect-metrics'],
  ['works', '-f', 'perf.csv'],
  ['works', '--verbose-csv'],
  ['works', '--profile-export-file', 'profile.json'],
  ['refused', '--enable-mpi'],
  ['works', '--trace-level', 'TIMESTAMPS', '--trace-level', 'TENSORS'],
  ['works', '--trace-rate', '10'],
  ['works', '--trace-count', '-1'],
  ['works', '--log-frequency', '0'],
];

for (const [kind, flag, ...values] of flags) {
  const args = [flag, ...values];
  const model = flag === '-m' ? [] : ['-m', 'simple'];
  test(`the flags of perf_analyzer: ${args.map(shown).join(' ')} is ${kind}`, (t) => {
    if (kind === 'refused') {
      const refusal = t.throws(() => readFlags(...model, ...args), { instanceOf: PerfError });
      t.is(refusal?.code, 'usage');
      t.true(refusal?.message.includes(flag), refusal?.message);
      t.regex(refusal?.hint ?? '', /^[A-Z].*\.$/);
    } else {
      t.is(readFlags(...model, ...args).notes.length, kind === 'noted' ? 1 : 0);
    }
  });
}

test('the flags of perf_analyzer: an engine cannot be two', (t) => {
  t.throws(() => readFlags('-m', 'simple', '--async', '--sync'), { message: /--async with --sync/ });
});

test('the flags of perf_analyzer: --max-threads is read', (t) => {
  t.throws(() => readFlags('-m', 'simple', '--max-threads', '0'), {
    message: "Cannot use --max-threads: expected an integer of at least 1, got '0'",
  });
  t.throws(() => readFlags('-m', 'simple', '--max-threads', '65'), {
    message: "Cannot use --max-threads: expected an integer up to 64, got '65'",
  });
  t.throws(() => readFlags('-m', 'simple', '--max-threads', 'two'), {
    message: "Cannot use --max-threads: expected an integer of at least 1, got 'two'",
  });
  const refusal = t.throws(
    () => readFlags('-m', 'simple', '--max-threads', '2', '--periodic-concurrency-range', '1:4'),
    { message: 'Cannot use --max-threads with --periodic-concurrency-range: expected 1, got 2' },
  ) as PerfError;
  t.regex(refusal.hint ?? '', /grows with the answers/);
  t.is(readFlags('-m', 'simple').settings.maxThreads, 1);
  t.is(readFlags('-m', 'simple', '--max-threads', '3').settings.maxThreads, 3);
});
