import { gunzipSync, inflateSync } from 'node:zlib';
import test from 'ava';
import { errorAnswer, jsonAnswer } from '../../../src/server/http/answer.js';
import { encoded } from '../../../src/server/http/content-encoding.js';

const value = { text: 'a'.repeat(1000) };

const cases: readonly (readonly [accepted: string | undefined, coding: string | undefined])[] = [
  [undefined, undefined],
  ['', undefined],
  ['gzip', 'gzip'],
  ['deflate', 'deflate'],
  ['GZip', 'gzip'],
  ['gzip, deflate, br', 'gzip'],
  ['deflate, gzip', 'deflate'],
  ['identity, gzip', undefined],
  ['gzip, identity', 'gzip'],
  ['deflate, gzip;q=0.5', 'deflate'],
  ['deflate;q=0.5, gzip;q=0.8, identity;q=0.7', 'gzip'],
  ['gzip;q=0, *', undefined],
  ['*', undefined],
  ['br', undefined],
  ['gzip;q=0', undefined],
  ['identity, gzip;q=0.9', undefined],
  ['gzip; q=nonsense', undefined],
];
for (const [accepted, coding] of cases) {
  test(`encoded with Accept-Encoding ${accepted} answers in ${coding}`, async (t) => {
    const { body, headers } = await encoded(jsonAnswer(value), accepted);
    t.is(headers['Content-Encoding'], coding);
    const bytes = Buffer.from(body);
    const plain = coding === undefined ? bytes : coding === 'gzip' ? gunzipSync(bytes) : inflateSync(bytes);
    t.deepEqual(JSON.parse(plain.toString()), value);
  });
}

test('encoded leaves an answer without a body as it is', async (t) => {
  const answer = { status: 200, body: '', headers: {} };
  t.is(await encoded(answer, 'gzip'), answer);
});

test('encoded leaves an error as it is', async (t) => {
  const answer = errorAnswer(400, 'a'.repeat(1000));
  t.is(await encoded(answer, 'gzip'), answer);
});
