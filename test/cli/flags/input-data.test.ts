import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test from 'ava';
import {
  type InputDataFlags,
  parseGenerators,
  parseInputData,
  parseShapes,
} from '../../../src/cli/flags/input-data.js';
import { PerfError } from '../../../src/core/perf-error.js';

const flags: InputDataFlags = { inputData: [], input: [], stringLength: '128', stringData: undefined, tolerance: '0' };
const exact = { tolerance: { absolute: 0, relative: 0 } };
const none = { generators: {}, stringLength: 128, ...exact };

const folder = mkdtempSync(join(tmpdir(), 'perf-analyze-test-'));
const files = ['a.json', 'b.json'].map((name) => join(folder, name));
for (const file of files) writeFileSync(file, '{}');
test.after.always(() => rmSync(folder, { recursive: true }));

const accepted: readonly (readonly [string, unknown, unknown])[] = [
  ['parseInputData is random unless told', parseInputData(flags), { source: 'random', paths: [], ...none }],
  [
    'parseInputData zero with strings',
    parseInputData({ ...flags, inputData: ['zero'], stringData: '7', stringLength: '3' }),
    { source: 'zero', paths: [], generators: {}, stringLength: 3, stringData: '7', ...exact },
  ],
  [
    'parseInputData tolerances',
    ['1e-5', '0.5,1e-3'].map((tolerance) => parseInputData({ ...flags, tolerance }).tolerance),
    [
      { absolute: 1e-5, relative: 0 },
      { absolute: 0.5, relative: 1e-3 },
    ],
  ],
  [
    'parseInputData a folder',
    parseInputData({ ...flags, inputData: [folder] }),
    { source: 'folder', paths: [folder], ...none },
  ],
  [
    'parseInputData several files in their order',
    parseInputData({ ...flags, inputData: [...files].reverse() }),
    { source: 'files', paths: [...files].reverse(), ...none },
  ],
  [
    'parseShapes names may hold colons',
    parseShapes('--shape', ['a:b:1,2', 'c:3']),
    { 'a:b': [{ dims: [1, 2], weight: 1 }], c: [{ dims: [3], weight: 1 }] },
  ],
  [
    'parseShapes weights',
    parseShapes('--shape', ['x:3,224@0.7', 'x:3,128@.3']),
    {
      x: [
        { dims: [3, 224], weight: 0.7 },
        { dims: [3, 128], weight: 0.3 },
      ],
    },
  ],
  [
    'parseGenerators every kind',
    parseGenerators('--input', [
      'a:uniform(0,30522)',
      'b:normal(-1.5, 2e-1)',
      'c:constant(9007199254740993)',
      'd:zipf(1000,1.1)',
      'e:sequence(0)',
      'f:sequence(10,-2)',
      'g:vocabulary(words.txt)',
      'h:file(a:file(1).bin)',
      'i:j:constant()',
    ]),
    {
      a: { kind: 'uniform', low: 0, high: 30522 },
      b: { kind: 'normal', mean: -1.5, deviation: 0.2 },
      c: { kind: 'constant', value: '9007199254740993' },
      d: { kind: 'zipf', count: 1000, exponent: 1.1 },
      e: { kind: 'sequence', start: 0, step: 1 },
      f: { kind: 'sequence', start: 10, step: -2 },
      g: { kind: 'vocabulary', file: 'words.txt' },
      h: { kind: 'file', file: 'a:file(1).bin' },
      'i:j': { kind: 'constant', value: '' },
    },
  ],
];
for (const [criterion, got, expected] of accepted) {
  test(criterion, (t) => {
    t.deepEqual(got, expected);
  });
}

const shape = (text: string) => () => parseShapes('--shape', [text]);
const generator =
  (...texts: string[]) =>
  () =>
    parseGenerators('--input', texts);
const inputData =
  (...paths: string[]) =>
  () =>
    parseInputData({ ...flags, inputData: paths });

const refused: readonly (readonly [string, () => unknown, string])[] = [
  [
    'a path that is not there',
    inputData('nope.json'),
    "--input-data: expected random, zero, a folder, or a JSON file that is there, got 'nope.json'",
  ],
  ['random and a file', inputData('random', files[0] ?? ''), 'expected JSON files only, got random, '],
  ['a folder and a file', inputData(folder, files[0] ?? ''), 'expected JSON files only'],
  [
    'a length of strings',
    () => parseInputData({ ...flags, stringLength: '-1' }),
    "--string-length: expected an integer of at least 0, got '-1'",
  ],
  [
    'a negative tolerance',
    () => parseInputData({ ...flags, tolerance: '-1' }),
    "--tolerance: expected a number of at least 0, got '-1'",
  ],
  [
    'three tolerances',
    () => parseInputData({ ...flags, tolerance: '1,2,3' }),
    "ABSOLUTE[,RELATIVE], such as 1e-5,1e-3, got '1,2,3'",
  ],
  ['a shape without dimensions', shape('x'), "got 'x'"],
  ['a dimension of 0', shape('x:0'), "got 'x:0'"],
  ['a weight of 0', shape('x:1@0'), "got 'x:1@0'"],
  ['a weight that is none', shape('x:1@heavy'), "got 'x:1@heavy'"],
  [
    'an unknown generator',
    generator('x:gauss(0,1)'),
    "one of uniform, normal, constant, zipf, sequence, vocabulary, file, such as input_ids:uniform(0,30522), got 'x:gauss(0,1)'",
  ],
  ['a generator without an input', generator('uniform(0,1)'), "got 'uniform(0,1)'"],
  ['an empty range', generator('x:uniform(5,5)'), "NAME:uniform(LOW,HIGH) with LOW below HIGH, got 'x:uniform(5,5)'"],
  ['too few numbers', generator('x:uniform(5)'), "got 'x:uniform(5)'"],
  ['what is not a number', generator('x:uniform(0,many)'), "got 'x:uniform(0,many)'"],
  ['a negative deviation', generator('x:normal(0,-1)'), 'with a DEVIATION of at least 0'],
  ['a zipf of nothing', generator('x:zipf(0,1)'), 'with a COUNT from 1 to 10000000'],
  ['a vocabulary without a file', generator('x:vocabulary()'), 'NAME:vocabulary(FILE)'],
  [
    'two generators for an input',
    generator('x:constant(1)', 'x:constant(2)'),
    "one generator for 'x', got 'x:constant(2)'",
  ],
];
for (const [what, parse, message] of refused) {
  test(`input data flags refuse ${what}`, (t) => {
    const error = t.throws(parse, { instanceOf: PerfError });
    t.is(error?.code, 'usage');
    t.true(error?.message.includes(message), error?.message);
    t.false(error?.message.includes('\n'));
  });
}
