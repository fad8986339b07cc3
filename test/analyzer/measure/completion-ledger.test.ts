import test from 'ava';
import { createCompletionLedger } from '../../../analyzer/measure/completion-ledger.js';
import { ns } from '../../../src/core/units.js';

function ask(setup: { recorded: number; count: number; later?: number }): number | undefined {
  const ledger = createCompletionLedger();
  let answer: number | undefined;
  for (let index = 1; index <= setup.recorded; index++) ledger.record(ns(index));
  ledger.sumOfFirst(setup.count, (sum) => {
    answer = sum;
  });
  for (let index = 1; index <= (setup.later ?? 0); index++) ledger.record(ns(setup.recorded + index));
  return answer;
}

test('createCompletionLedger sums the first answers', (t) => {
  t.is(ask({ recorded: 10, count: 4 }), 10);
  t.is(ask({ recorded: 10, count: 10 }), 55);
  t.is(ask({ recorded: 10, count: 0 }), 0);
});

test('createCompletionLedger answers when so many have come', (t) => {
  t.is(ask({ recorded: 2, count: 4 }), undefined);
  t.is(ask({ recorded: 2, count: 4, later: 5 }), 10);
});

test('createCompletionLedger forgets what is long ago rather than answer wrongly', (t) => {
  t.is(ask({ recorded: 2 ** 16 + 10, count: 5 }), undefined);
  t.is(ask({ recorded: 2 ** 16 + 10, count: 2 ** 16 }), (2 ** 16 * (2 ** 16 + 1)) / 2);
});
