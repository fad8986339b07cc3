import test from 'ava';
import { parsePlainHead } from '../../../src/server/http/plain-head.js';

test('parsePlainHead reads what inference clients send', (t) => {
  const head =
    'POST /v2/models/m/infer?a=b HTTP/1.1\r\nHost: localhost:8000\r\nContent-Length: 12\r\n' +
    'Inference-Header-Content-Length:7\r\nX-Empty:\r\nX-Words: \t one, two \t\r\nConnection: Keep-Alive';
  const parsed = parsePlainHead(head);
  t.like(parsed, { method: 'POST', url: '/v2/models/m/infer?a=b', contentLength: 12 });
  t.deepEqual(
    { ...parsed?.headers },
    {
      host: 'localhost:8000',
      'content-length': '12',
      'inference-header-content-length': '7',
      'x-empty': '',
      'x-words': 'one, two',
      connection: 'Keep-Alive',
    },
  );
  t.is(parsePlainHead('GET /v2 HTTP/1.1')?.contentLength, 0);
  const odd = parsePlainHead('GET /v2 HTTP/1.1\r\n__proto__: x\r\nconstructor: y')?.headers ?? {};
  t.deepEqual(Object.entries(odd), [
    ['__proto__', 'x'],
    ['constructor', 'y'],
  ]);
});

const leftToNode = [
  '',
  'hello',
  'GET /v2 HTTP/1.0',
  'GET /v2 HTTP/1.1 ',
  'GET  /v2 HTTP/1.1',
  'get /v2 HTTP/1.1',
  'HEAD /v2 HTTP/1.1',
  'GET http://a/v2 HTTP/1.1',
  'GET * HTTP/1.1',
  'GET /\u00e9 HTTP/1.1',
  'GET /v2 HTTP/1.1\r\n',
  'GET /v2 HTTP/1.1\r\nHost : a',
  'GET /v2 HTTP/1.1\r\nX: a\r\n folded',
  'GET /v2 HTTP/1.1\nHost: a',
  'GET /v2 HTTP/1.1\r\nX: a\nY: b',
  'GET /v2 HTTP/1.1\r\nX: a\0',
  'GET /v2 HTTP/1.1\r\nX: \u00e9',
  'GET /v2 HTTP/1.1\r\nno colon',
  'GET /v2 HTTP/1.1\r\nX: a\r\nx: b',
  'POST /v2 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1',
  'POST /v2 HTTP/1.1\r\nContent-Length: +1',
  'POST /v2 HTTP/1.1\r\nContent-Length: 1, 1',
  'POST /v2 HTTP/1.1\r\nContent-Length: ',
  'POST /v2 HTTP/1.1\r\nContent-Length: 1234567890123456',
  'POST /v2 HTTP/1.1\r\nTransfer-Encoding: chunked',
  'POST /v2 HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked',
  'POST /v2 HTTP/1.1\r\nExpect: 100-continue',
  'POST /v2 HTTP/1.1\r\nUpgrade: websocket',
  'POST /v2 HTTP/1.1\r\nConnection: close',
  'POST /v2 HTTP/1.1\r\nConnection: keep-alive, Upgrade',
];

for (const head of leftToNode) {
  test(`parsePlainHead leaves ${JSON.stringify(head)} to node:http`, (t) => {
    t.is(parsePlainHead(head), undefined);
  });
}
