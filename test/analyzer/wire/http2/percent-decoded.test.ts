import test from 'ava';
import { percentDecoded } from '../../../../analyzer/wire/http2/percent-decoded.js';

const cases = [
  ['plain text', 'plain text'],
  ['100%25 sure', '100% sure'],
  ['gr%C3%B6%c3%9fe', 'größe'],
  ['%E2%82%AC', '€'],
  ['50% and %zz and %4', '50% and %zz and %4'],
  ['', ''],
] as const;

for (const [encoded, expected] of cases) {
  test(`percentDecoded reads ${JSON.stringify(encoded)}`, (t) => {
    t.is(percentDecoded(encoded), expected);
  });
}
