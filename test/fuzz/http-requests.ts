import type { Random } from '../../src/core/random.js';
import { absurd, anyBytes, chance, damaged, upTo } from './random-bytes.js';
import { pick } from './script.js';

const methods = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'get', 'BREW', ''];
const models = ['simple', 'text', 'none', '..', '%2e%2e', 'a%00b', 'simple%2f..', '__proto__', 'constructor', '', '🦆'];
const endings = [
  '',
  '/ready',
  '/config',
  '/stats',
  '/infer',
  '/infer',
  '/infer',
  '/generate',
  '/generate_stream',
  '/versions/1/infer',
  '/versions/99999999999999999999/infer',
  '/versions/-1',
  '/trace/setting',
  '/nothing',
];
const fixedPaths = [
  '/v2',
  '/v2/',
  '/',
  '/v2/health/ready',
  '/v2/repository/index',
  '/v2/logging',
  '/v2/trace/setting',
  '/v2/models/stats',
  '/v2/systemsharedmemory/status',
  '/v2/systemsharedmemory/region/r/register',
  '/v2/cudasharedmemory/region/r/register',
  '*',
  'http://x/v2',
  `/${'a/'.repeat(300)}`,
];

const values = [
  '1',
  '-1',
  '1.5',
  '"x"',
  'true',
  'null',
  '[]',
  '{}',
  '[[1,2],[3]]',
  '1e999',
  'NaN',
  '"\\ud800"',
  '{"__proto__":{"polluted":true}}',
  '99999999999999999999',
  '"/dev/shm/../../etc/passwd"',
  '"../../x"',
];
const keys = [
  'inputs',
  'outputs',
  'id',
  'parameters',
  'name',
  'shape',
  'datatype',
  'data',
  'binary_data_size',
  'binary_data',
  'binary_data_output',
  'classification',
  'shared_memory_region',
  'shared_memory_byte_size',
  'sequence_id',
  'sequence_start',
  'priority',
  'timeout',
  'ready',
  'config',
  'file:../../x',
  'key',
  'byte_size',
  'trace_level',
  'log_verbose_level',
  '__proto__',
  'constructor',
  'INPUT0',
];

/** Bytes of one request to the HTTP front end, from right to nonsense. */
export function drawHttpRequest(random: Random): Buffer {
  const body = drawBody(random);
  const fields = drawFields(random, body.length);
  const method = chance(random, 0.75) ? 'POST' : pick(random, methods);
  const version = chance(random, 0.97) ? 'HTTP/1.1' : pick(random, ['HTTP/1.0', 'HTTP/9.9', 'HTTP', '']);
  const head = [`${method} ${drawPath(random)} ${version}`, ...fields].join('\r\n');
  const request = Buffer.concat([Buffer.from(`${head}\r\n\r\n`), body]);
  return chance(random, 0.1) ? damaged(random, request) : request;
}

function drawPath(random: Random): string {
  const path = chance(random, 0.7)
    ? `/v2/models/${pick(random, models)}${pick(random, endings)}`
    : pick(random, fixedPaths);
  return chance(random, 0.05) ? `${path}?${'q'.repeat(upTo(random, 100))}` : path;
}

function drawFields(random: Random, bodyLength: number): string[] {
  const length = chance(random, 0.93) ? String(bodyLength) : pick(random, [...absurd, String(bodyLength + 5), '3']);
  const fields = ['Host: x', `Content-Length: ${length}`];
  const add = (probability: number, field: () => string) => void (chance(random, probability) && fields.push(field()));
  add(0.3, () => `Inference-Header-Content-Length: ${headerLength(random, bodyLength)}`);
  add(0.05, () => `Content-Encoding: ${pick(random, ['gzip', 'deflate', 'br', 'identity', 'gzip, gzip'])}`);
  add(0.1, () => `Accept-Encoding: ${pick(random, ['gzip', 'deflate;q=x', '*', 'identity;q=0', ',;,', 'gzip;q=1e9'])}`);
  add(0.03, () => `Transfer-Encoding: ${pick(random, ['chunked', 'gzip', 'chunked, chunked'])}`);
  add(0.02, () => `Expect: ${pick(random, ['100-continue', 'tea'])}`);
  add(0.02, () => `X-${'a'.repeat(upTo(random, 30_000))}: ${'b'.repeat(upTo(random, 100))}`);
  add(0.03, () => `Connection: ${pick(random, ['close', 'upgrade', 'keep-alive'])}`);
  add(0.01, () => anyBytes(random, 20).toString('latin1'));
  return fields;
}

const headerLength = (random: Random, bodyLength: number): string =>
  chance(random, 0.6) ? String(upTo(random, bodyLength + 2)) : pick(random, absurd);

/** A right body, one of JSON that means nothing, or bytes. */
function drawBody(random: Random): Buffer {
  const right = drawInference(random);
  const kind = random();
  if (kind < 0.35) return Buffer.from(right);
  if (kind < 0.65) return damaged(random, Buffer.from(right));
  if (kind < 0.85) return Buffer.from(drawJson(random, 4));
  if (kind < 0.9) return Buffer.from(`{"inputs":${'['.repeat(upTo(random, 20_000))}`);
  return anyBytes(random, 300);
}

function drawInference(random: Random): string {
  const shape = chance(random, 0.8) ? '[1,16]' : `[${pick(random, absurd)},16]`;
  const numbers = Array.from({ length: 16 }, (_, index) => (chance(random, 0.99) ? index : pick(random, values)));
  const data = chance(random, 0.7)
    ? `"data":[${numbers}]`
    : `"parameters":{"binary_data_size":${chance(random, 0.5) ? 64 : pick(random, absurd)}}`;
  const input = (name: string) => `{"name":"${name}","datatype":"INT32","shape":${shape},${data}}`;
  const extra = chance(random, 0.3) ? `,${member(random, 2)}` : '';
  return `{"inputs":[${input('INPUT0')},${input('INPUT1')}]${extra}}`;
}

function drawJson(random: Random, depth: number): string {
  if (depth === 0 || chance(random, 0.3)) return pick(random, values);
  const count = upTo(random, 4);
  if (chance(random, 0.3)) return `[${Array.from({ length: count }, () => drawJson(random, depth - 1)).join(',')}]`;
  return `{${Array.from({ length: count }, () => member(random, depth - 1)).join(',')}}`;
}

const member = (random: Random, depth: number): string =>
  `${JSON.stringify(pick(random, keys))}:${drawJson(random, depth)}`;
