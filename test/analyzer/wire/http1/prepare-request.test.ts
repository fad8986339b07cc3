import test from 'ava';
import { prepareRequest } from '../../../../analyzer/wire/http1/prepare-request.js';
import { requestFor } from '../peer.js';

test('prepareRequest puts head and body into one buffer', (t) => {
  const bytes = prepareRequest(requestFor('add sub', Buffer.from('wxyz')), 'localhost:8000', {
    headers: [['x-key', 'value']],
  });
  const [head = '', body = ''] = bytes.toString('latin1').split('\r\n\r\n');
  const [first, ...fields] = head.split('\r\n');
  t.is(first, 'POST /v2/models/add%20sub/infer HTTP/1.1');
  t.deepEqual(fields, [
    'host: localhost:8000',
    `content-length: ${body.length}`,
    'content-type: application/octet-stream',
    `inference-header-content-length: ${body.length - 4}`,
    'x-key: value',
  ]);
  t.true(body.endsWith('}wxyz'));
});

test('prepareRequest names the version', (t) => {
  const bytes = prepareRequest({ ...requestFor('m'), modelVersion: '3' }, 'h:1');
  t.true(bytes.toString('latin1').startsWith('POST /v2/models/m/versions/3/infer HTTP/1.1\r\n'));
});

test('prepareRequest lets given fields stand for its own', (t) => {
  const headers = [
    ['Host', 'other'],
    ['Content-Type', 'text/plain'],
  ] as const;
  const text = prepareRequest(requestFor('m'), 'h:1', { headers }).toString('latin1');
  t.deepEqual(text.match(/^(host|content-type): .*$/gim), ['Host: other', 'Content-Type: text/plain']);
});
