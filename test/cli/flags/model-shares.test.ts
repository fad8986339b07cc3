import test from 'ava';
import { parseModels } from '../../../src/cli/flags/model-shares.js';
import { PerfError } from '../../../src/core/perf-error.js';

const understood: readonly [text: string, models: readonly (readonly [name: string, weight: number])[]][] = [
  ['a', [['a', 1]]],
  [
    'a,b',
    [
      ['a', 1],
      ['b', 1],
    ],
  ],
  [
    'a=3,b=1',
    [
      ['a', 3],
      ['b', 1],
    ],
  ],
  [
    'a=.5,b',
    [
      ['a', 0.5],
      ['b', 1],
    ],
  ],
  ['a:1/x y', [['a:1/x y', 1]]],
  ['a\\,b', [['a,b', 1]]],
  [
    'a\\=3=2,b\\\\',
    [
      ['a=3', 2],
      ['b\\', 1],
    ],
  ],
];

for (const [text, models] of understood) {
  test(`parseModels ${text}`, (t) => {
    t.deepEqual(
      parseModels('-m', text).map(({ name, weight }) => [name, weight]),
      models.map(([name, weight]) => [name, weight]),
    );
  });
}

const refused: readonly [text: string, expected: RegExp][] = [
  ['a,', /expected NAME or NAME=WEIGHT, several with commas between them, with weights above 0 .*, got 'a,'/],
  ['=3', /expected NAME or NAME=WEIGHT/],
  ['a=0', /with weights above 0/],
  ['a=-1', /with weights above 0/],
  ['a=b', /\(in a name, \\ stands before a comma, an equals sign or a backslash\)/],
  ['a=1=2', /expected NAME or NAME=WEIGHT/],
  ['a\\', /expected NAME or NAME=WEIGHT/],
  ['a,b,a=2', /expected each model once, got 'a,b,a=2'/],
  ['a=5000,b=1', /expected weights that are at most 1000 times one another/],
];

for (const [text, message] of refused) {
  test(`parseModels refuses ${text}`, (t) => {
    t.is(t.throws(() => parseModels('-m', text), { instanceOf: PerfError, message })?.code, 'usage');
  });
}
