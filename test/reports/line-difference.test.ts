import test from 'ava';
import { lineDifference } from '../../reports/line-difference.js';

test('lineDifference shows lines that go and come between those that stay', (t) => {
  t.is(lineDifference('f', 'a\nb\nc\n', 'a\nx\nc\nd\n'), '--- f\n+++ f\n a\n-b\n+x\n c\n+d\n');
  t.is(lineDifference('f', '', 'a\n'), '--- f\n+++ f\n+a\n');
  t.is(lineDifference('f', 'a\n', 'a\n'), 'f stays as it is.\n');
});
