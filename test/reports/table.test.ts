import test from 'ava';
import { formatTable } from '../../reports/table.js';

test('formatTable aligns to the right and prints a dash for what is absent', (t) => {
  const rows = [
    { name: 'a', value: 1.25 },
    { name: 'bcd', value: undefined },
  ];
  const table = formatTable(
    [
      { title: 'name', value: ({ name }) => name },
      { title: 'x', value: ({ value }) => value, digits: 2 },
    ],
    rows,
  );
  t.is(table, ['name     x', '────  ────', '   a  1.25', ' bcd     –'].join('\n'));
});
