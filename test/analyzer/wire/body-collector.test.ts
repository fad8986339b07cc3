import test from 'ava';
import { BodyCollector } from '../../../analyzer/wire/body-collector.js';

test('BodyCollector keeps copies, up to its limit', (t) => {
  const body = new BodyCollector(5);
  const shared = Buffer.from('abcdef');
  body.push(shared, 1, 4);
  shared.fill(0);
  body.push(Buffer.from('xyz'), 0, 3);
  body.push(Buffer.from('more'), 0, 4);
  t.is(body.take().toString(), 'bcdxy');
  t.is(body.take().toString(), '');
});

test('BodyCollector forgets what is dropped', (t) => {
  const body = new BodyCollector();
  body.push(Buffer.from('one'), 0, 3);
  body.drop();
  body.push(Buffer.from('two'), 0, 3);
  t.is(body.take().toString(), 'two');
});
