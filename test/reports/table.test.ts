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

test('formatTable gives a number of many digits fewer decimal places', (t) => {
  const rows = [0, 0.0004, 0.9996, 9.9996, 99.99, 99.996, 999.96, 12_345.6, undefined].map((value) => ({ value }));
  const table = formatTable([{ title: 'ms', value: ({ value }) => value, digits: 3, significant: 4 }], rows);
  t.deepEqual(
    table
      .split('\n')
      .slice(2)
      .map((line) => line.trim()),
    ['0.000', '0.000', '1.000', '10.00', '99.99', '100.0', '1000', '12346', '–'],
  );
});
