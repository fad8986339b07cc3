import test from 'ava';
import { readFlags } from './read-flags.js';

const flag = '--bls-composing-models';
const read = (...args: readonly string[]) => readFlags('-m', 'simple', ...args).settings.blsComposingModels;

test('composingModels reads names and versions, spaces do not count, and a repeated flag adds', (t) => {
  t.is(read(), undefined);
  t.deepEqual(read(flag, 'a, b:1', flag, 'c:12,a'), [
    { name: 'a', version: '' },
    { name: 'b', version: '1' },
    { name: 'c', version: '12' },
  ]);
});

for (const text of ['', 'a,', ':1', 'a:', 'a:0', 'a:x', 'a:1:2', 'a:-1']) {
  test(`composingModels refuses ${JSON.stringify(text)}`, (t) => {
    t.throws(() => read(flag, text), {
      message: /^Cannot use --bls-composing-models: expected names of models, NAME or NAME:VERSION, .*, got '/,
    });
  });
}
