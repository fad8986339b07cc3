import { statSync } from 'node:fs';
import type { Generator, InputDataSettings, ShapeChoice, Tolerance } from '../../core/input-data.js';
import { PerfError } from '../../core/perf-error.js';
import { badFlag, parseInteger, parseNumber } from './parse.js';

/** The flags that say what requests carry, as text. */
export interface InputDataFlags {
  readonly inputData: readonly string[];
  readonly input: readonly string[];
  readonly stringLength: string;
  readonly stringData: string | undefined;
  readonly tolerance: string;
}

/** @throws PerfError `usage` for a value that is not understood, or a path that is not there */
export function parseInputData(flags: InputDataFlags): InputDataSettings {
  const { inputData, stringData } = flags;
  return {
    ...parseSource(inputData),
    generators: parseGenerators('--input', flags.input),
    stringLength: parseInteger('--string-length', flags.stringLength, 0),
    ...(stringData === undefined ? {} : { stringData }),
    tolerance: parseTolerance('--tolerance', flags.tolerance),
  };
}

/** `--tolerance ABSOLUTE[,RELATIVE]`. */
function parseTolerance(flag: string, text: string): Tolerance {
  const [absolute = '', relative = '0', ...more] = text.split(',');
  if (more.length > 0) throw badFlag(flag, 'ABSOLUTE[,RELATIVE], such as 1e-5,1e-3', text);
  return { absolute: parseNumber(flag, absolute, 0), relative: parseNumber(flag, relative, 0) };
}

function parseSource(texts: readonly string[]): Pick<InputDataSettings, 'source' | 'paths'> {
  const [first = 'random'] = texts;
  if (texts.length <= 1 && (first === 'random' || first === 'zero')) return { source: first, paths: [] };
  const folder = texts.find(isFolder);
  if (texts.length > 1 && (folder !== undefined || texts.includes('random') || texts.includes('zero'))) {
    throw new PerfError(
      'usage',
      `Cannot use --input-data more than once: expected JSON files only, got ${texts.join(', ')}`,
    );
  }
  return { source: folder === undefined ? 'files' : 'folder', paths: texts };
}

function isFolder(path: string): boolean {
  if (path === 'random' || path === 'zero') return false;
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw badFlag('--input-data', 'random, zero, a folder, or a JSON file that is there', path);
  return found.isDirectory();
}

/** `--shape NAME:d1,d2,...[@WEIGHT]`, repeatable; the last colon separates, so that names may hold colons. */
export function parseShapes(flag: string, texts: readonly string[]): Record<string, ShapeChoice[]> {
  const shapes = new Map<string, ShapeChoice[]>();
  for (const text of texts) {
    const [, name, dims = '', weight = '1'] = /^(.+):([^:@]*)(?:@([^:@]*))?$/s.exec(text) ?? [];
    const isRight = dims.split(',').every((dim) => /^[1-9]\d*$/.test(dim)) && /^(\d+\.?\d*|\.\d+)$/.test(weight);
    if (name === undefined || !isRight || Number(weight) === 0) {
      throw badFlag(flag, 'NAME:d1,d2,...[@WEIGHT] with positive dimensions, such as input_ids:128', text);
    }
    const choices = shapes.get(name) ?? [];
    shapes.set(name, choices);
    choices.push({ dims: dims.split(',').map(Number), weight: Number(weight) });
  }
  return Object.fromEntries(shapes);
}

const number = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const numbersOnly = new RegExp(`^${number}(?:,${number})*$`);

/** Reads the arguments of one kind of generator; `undefined` when they are not understood. */
type ReadArguments = (text: string) => Generator | undefined;

const numeric =
  (counts: readonly number[], make: (numbers: readonly number[]) => Generator | undefined): ReadArguments =>
  (text) => {
    const compact = text.replace(/\s/g, '');
    const numbers = numbersOnly.test(compact) ? compact.split(',').map(Number) : [];
    return counts.includes(numbers.length) && numbers.every(Number.isFinite) ? make(numbers) : undefined;
  };

/** As many ranks as a table of their weights may have. */
const largestZipf = 10_000_000;

const kinds: Readonly<Record<Generator['kind'], { readonly form: string; readonly read: ReadArguments }>> = {
  uniform: {
    form: 'uniform(LOW,HIGH) with LOW below HIGH',
    read: numeric([2], ([low = 0, high = 0]) => (low < high ? { kind: 'uniform', low, high } : undefined)),
  },
  normal: {
    form: 'normal(MEAN,DEVIATION) with a DEVIATION of at least 0',
    read: numeric([2], ([mean = 0, deviation = 0]) =>
      deviation >= 0 ? { kind: 'normal', mean, deviation } : undefined,
    ),
  },
  constant: { form: 'constant(VALUE)', read: (value) => ({ kind: 'constant', value }) },
  zipf: {
    form: `zipf(COUNT,EXPONENT) with a COUNT from 1 to ${largestZipf} and an EXPONENT of at least 0`,
    read: numeric([2], ([count = 0, exponent = 0]) =>
      Number.isInteger(count) && count >= 1 && count <= largestZipf && exponent >= 0
        ? { kind: 'zipf', count, exponent }
        : undefined,
    ),
  },
  sequence: {
    form: 'sequence(START[,STEP])',
    read: numeric([1, 2], ([start = 0, step = 1]) => ({ kind: 'sequence', start, step })),
  },
  vocabulary: { form: 'vocabulary(FILE)', read: (file) => (file === '' ? undefined : { kind: 'vocabulary', file }) },
  file: { form: 'file(FILE)', read: (file) => (file === '' ? undefined : { kind: 'file', file }) },
};

const kindNames = Object.keys(kinds) as Generator['kind'][];
const generatorForm = new RegExp(`^(.+?):(${kindNames.join('|')})\\((.*)\\)$`, 's');

/** `--input NAME:KIND(...)`, repeatable, once for an input. */
export function parseGenerators(flag: string, texts: readonly string[]): Record<string, Generator> {
  const generators = new Map<string, Generator>();
  for (const text of texts) {
    const [, name, kind, rest = ''] = generatorForm.exec(text) ?? [];
    if (name === undefined || kind === undefined) {
      throw badFlag(
        flag,
        `NAME:KIND(...) with one of ${kindNames.join(', ')}, such as input_ids:uniform(0,30522)`,
        text,
      );
    }
    const { form, read } = kinds[kind as Generator['kind']];
    const generator = read(rest);
    if (generator === undefined) throw badFlag(flag, `NAME:${form}`, text);
    if (generators.has(name)) throw badFlag(flag, `one generator for '${name}'`, text);
    generators.set(name, generator);
  }
  return Object.fromEntries(generators);
}
