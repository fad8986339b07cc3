import test from 'ava';
import { parseAddress } from '../../../analyzer/wire/tcp.js';

test('parseAddress splits names, addresses of both families, and a bare port', (t) => {
  t.deepEqual(parseAddress('triton.local:8001'), { host: 'triton.local', port: 8001 });
  t.deepEqual(parseAddress('[::1]:80'), { host: '::1', port: 80 });
  t.deepEqual(parseAddress(':8001'), { host: 'localhost', port: 8001 });
});

for (const text of ['localhost', 'localhost:', 'localhost:http', '::1:80', 'localhost:65536']) {
  test(`parseAddress refuses ${text}`, (t) => {
    t.throws(() => parseAddress(text), { instanceOf: RangeError, message: /host:port/ });
  });
}
