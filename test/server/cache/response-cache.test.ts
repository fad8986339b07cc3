import test from 'ava';
import type { Tensor } from '../../../src/protocol/tensor.js';
import { requestKey } from '../../../src/server/cache/request-key.js';
import { ResponseCache } from '../../../src/server/cache/response-cache.js';
import { requestOf } from '../live-service.js';

const outputsOf = (byte: number, length = 512): Tensor[] => [
  { name: 'Y', datatype: 'UINT8', shape: [length], data: new Uint8Array(length).fill(byte) },
];
const kept = (cache: ResponseCache, keys: string) =>
  [...keys].filter((key) => cache.lookUp(key) !== undefined).join('');

test('ResponseCache drops what was not used for the longest time', (t) => {
  const cache = new ResponseCache(3 * 1024);
  for (const key of 'abc') cache.insert(key, outputsOf(0));
  t.is(cache.usedBytes, 3 * 1024);
  t.is(kept(cache, 'a'), 'a'); // now b is the oldest
  cache.insert('d', outputsOf(0));
  t.is(kept(cache, 'abcd'), 'acd');
  t.is(cache.usedBytes, 3 * 1024);
});

test('ResponseCache drops several for a large one, and keeps nothing that is larger than itself', (t) => {
  const cache = new ResponseCache(3 * 1024);
  for (const key of 'abc') cache.insert(key, outputsOf(0));
  cache.insert('d', outputsOf(0, 1536));
  t.is(kept(cache, 'abcd'), 'cd');
  cache.insert('e', outputsOf(0, 4096));
  t.is(kept(cache, 'cde'), 'cd');
  cache.insert('d', outputsOf(0, 4096));
  t.is(kept(cache, 'cd'), 'c');
  t.is(cache.usedBytes, 1024);
});

test('ResponseCache keeps a copy: buffers that are used again do not reach into it', (t) => {
  const cache = new ResponseCache(4096);
  const outputs = outputsOf(7);
  cache.insert('a', outputs);
  outputs[0]?.data.fill(9);
  t.is(cache.lookUp('a')?.[0]?.data[0], 7);
});

const tensor = { datatype: 'INT32', shape: [1, 2], data: Int32Array.of(1, 2) } as const;
const key = (request = requestOf('m', { X: tensor }), served = 'v') => requestKey(served, request, request.inputs);

test('requestKey tells apart all that changes an answer', (t) => {
  const output = (name: string) => ({ name, parameters: new Map() });
  const keys = [
    key(),
    key(undefined, 'loaded again'),
    key(requestOf('m', { X: { ...tensor, data: Int32Array.of(2, 1) } })),
    key(requestOf('m', { X: { ...tensor, shape: [2, 1] } })),
    key(requestOf('m', { X: { ...tensor, datatype: 'UINT32' } })),
    key(requestOf('m', { Y: tensor })),
    key(requestOf('m', { X: tensor }, { outputs: [output('A')] })),
    key(requestOf('m', { X: tensor }, { outputs: [output('A'), output('B')] })),
    key(requestOf('m', { X: tensor }, { parameters: new Map([['scale', 2]]) })),
    key(requestOf('m', { X: tensor }, { parameters: new Map([['scale', '2']]) })),
  ];
  t.is(new Set(keys).size, keys.length);
});

test('requestKey does not look at what changes only how an answer comes', (t) => {
  t.is(key(requestOf('m', { X: tensor }, { id: 'other', parameters: new Map([['priority', 1]]) })), key());
  const outputs = (...names: string[]) => names.map((name) => ({ name, parameters: new Map([['binary_data', true]]) }));
  t.is(
    key(requestOf('m', { X: tensor }, { outputs: outputs('A', 'B') })),
    key(requestOf('m', { X: tensor }, { outputs: outputs('B', 'A') })),
  );
});
