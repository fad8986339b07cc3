import { readFileSync } from 'node:fs';
import type { Generator, InputDataSettings } from '../../src/core/input-data.js';
import { messageOf, PerfError } from '../../src/core/perf-error.js';
import type { Random } from '../../src/core/random.js';
import { datatypeFacts } from '../../src/protocol/datatype.js';
import { type Element, elementCodecs, type FixedDatatype } from '../../src/protocol/element-codec.js';
import { elementCount, packBytes, rawByteSize } from '../../src/protocol/tensor.js';
import { elementFrom, numberLimits } from './element-from.js';
import type { TensorSpec } from './model-signature.js';
import { rawFromFile, textLines } from './raw-file.js';

/** Makes the raw data of one inference for an input of the given shape. */
export type MakeData = (dims: readonly number[], random: Random) => Uint8Array;

/**
 * How the data of an input is made.
 *
 * @param generator absent = what `--input-data random` or `zero` says
 * @throws PerfError `usage` when the generator does not suit the input's datatype, `file` for an unreadable file
 */
export function bindGenerator(
  input: TensorSpec,
  generator: Generator | undefined,
  settings: Pick<InputDataSettings, 'source' | 'stringLength' | 'stringData'>,
): MakeData {
  const { datatype } = input;
  if (generator === undefined) {
    if (datatype === 'BYTES') return strings(settings);
    return settings.source === 'zero' ? zeros(datatype) : drawn(datatype, usualDraw(datatype));
  }
  if (datatype === 'BYTES') return texts(input, generator);
  return numbers({ ...input, datatype }, generator);
}

/** Draws the element at a position of the tensor. */
type Draw = (random: Random, index: number) => Element;
type NumberSpec = TensorSpec & { readonly datatype: FixedDatatype };

/** Random integers are below this: valid in every integer type, and as an index into most vocabularies. */
const usualIntegers = 100;
const alphabet = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 .?!';

const usualDraw = (datatype: FixedDatatype): Draw => {
  if (datatype === 'BOOL') return (random) => random() >= 0.5;
  return isInteger(datatype) ? (random) => Math.floor(random() * usualIntegers) : (random) => random();
};

const isInteger = (datatype: FixedDatatype): boolean => datatypeFacts[datatype].range !== undefined;

const zeros =
  (datatype: FixedDatatype): MakeData =>
  (dims) =>
    new Uint8Array(rawByteSize(datatype, dims) ?? 0);

function drawn(datatype: FixedDatatype, draw: Draw): MakeData {
  const { write } = elementCodecs[datatype];
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  return (dims, random) => {
    const data = new Uint8Array(rawByteSize(datatype, dims) ?? 0);
    const view = new DataView(data.buffer);
    const count = elementCount(dims);
    for (let index = 0; index < count; index++) write(view, index * step, draw(random, index));
    return data;
  };
}

const packed =
  (element: (random: Random) => string | Uint8Array): MakeData =>
  (dims, random) =>
    packBytes(Array.from({ length: elementCount(dims) }, () => element(random)));

function strings({ stringLength, stringData }: Pick<InputDataSettings, 'stringLength' | 'stringData'>): MakeData {
  if (stringData !== undefined) return packed(() => stringData);
  const character = (random: Random): string => alphabet[Math.floor(random() * alphabet.length)] ?? '';
  return packed((random) => Array.from({ length: stringLength }, () => character(random)).join(''));
}

/** The file is read once; its content must have the size of the shape. */
function fixed(input: TensorSpec, file: string): MakeData {
  const content = read(input.name, file);
  return (dims) => rawFromFile(content, input, { dims, where: `--input ${input.name}:file(${file})` });
}

function texts(input: TensorSpec, generator: Generator): MakeData {
  if (generator.kind === 'file') return fixed(input, generator.file);
  if (generator.kind === 'constant') return packed(() => generator.value);
  if (generator.kind !== 'vocabulary') {
    throw unsuited(input, generator, 'constant, vocabulary or file for an input of type BYTES');
  }
  const lines = textLines(read(input.name, generator.file));
  if (lines.length === 0) throw unsuited(input, generator, 'at least one line in the file');
  return packed((random) => lines[Math.floor(random() * lines.length)] ?? '');
}

function read(input: string, file: string): Buffer {
  try {
    return readFileSync(file);
  } catch (cause) {
    throw new PerfError('file', `Cannot read the file of --input ${input}: ${messageOf(cause)}`, { cause });
  }
}

function numbers(input: NumberSpec, generator: Generator): MakeData {
  switch (generator.kind) {
    case 'file':
      return fixed(input, generator.file);
    case 'uniform':
      return uniform(input, generator);
    case 'normal':
      return normal(input, generator);
    case 'constant':
      return constant(input, generator);
    case 'zipf':
      return zipf(input, generator);
    case 'sequence':
      return sequence(input, generator);
    case 'vocabulary':
      throw unsuited(input, generator, `a distribution of numbers for an input of type ${input.datatype}`);
  }
}

function uniform(input: NumberSpec, generator: Extract<Generator, { kind: 'uniform' }>): MakeData {
  const { low, high } = generator;
  const { datatype } = input;
  const span = high - low;
  if (datatype === 'BOOL' || isInteger(datatype)) {
    checkIntegers(input, generator, [low, high - 1]);
    return drawn(datatype, (random) => low + Math.floor(random() * span));
  }
  checkFloats(input, generator, [low, high]);
  return drawn(datatype, (random) => low + random() * span);
}

function normal(input: NumberSpec, generator: Extract<Generator, { kind: 'normal' }>): MakeData {
  const { mean, deviation } = generator;
  const { datatype } = input;
  if (datatype === 'BOOL') throw unsuited(input, generator, 'uniform or constant for an input of type BOOL');
  const [smallest, largest] = numberLimits(datatype);
  const clamp = (value: number): number => Math.min(largest, Math.max(smallest, value));
  const value = (random: Random): number => mean + deviation * gaussian(random);
  return drawn(
    datatype,
    isInteger(datatype) ? (random) => clamp(Math.round(value(random))) : (random) => clamp(value(random)),
  );
}

/** Box-Muller. */
const gaussian = (random: Random): number => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());

function constant(input: NumberSpec, generator: Extract<Generator, { kind: 'constant' }>): MakeData {
  const { value } = generator;
  const isNumber = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(value);
  const isDigits = /^[+-]?\d+$/.test(value);
  const parsed = isDigits ? BigInt(value.replace('+', '')) : isNumber ? Number(value) : asBoolean(value);
  const element = elementFrom(parsed, input.datatype);
  if ('expected' in element) throw unsuited(input, generator, element.expected);
  return drawn(input.datatype, () => element.value);
}

const asBoolean = (text: string): unknown => (text === 'true' ? true : text === 'false' ? false : text);

function zipf(input: NumberSpec, generator: Extract<Generator, { kind: 'zipf' }>): MakeData {
  const { count, exponent } = generator;
  if (!isInteger(input.datatype)) throw unsuited(input, generator, 'an input with an integer type');
  checkIntegers(input, generator, [0, count - 1]);
  const sums = new Float64Array(count);
  let sum = 0;
  for (let rank = 0; rank < count; rank++) {
    sum += (rank + 1) ** -exponent;
    sums[rank] = sum;
  }
  return drawn(input.datatype, (random) => firstAbove(sums, random() * sum));
}

/** The first position whose sum is above `wanted`. */
function firstAbove(sums: Float64Array, wanted: number): number {
  let low = 0;
  let high = sums.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((sums[middle] ?? 0) > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}

function sequence(input: NumberSpec, generator: Extract<Generator, { kind: 'sequence' }>): MakeData {
  const { start, step } = generator;
  const check = isInteger(input.datatype) ? checkIntegers : checkFloats;
  if (input.datatype === 'BOOL') throw unsuited(input, generator, 'uniform or constant for an input of type BOOL');
  const make = drawn(input.datatype, (_random, index) => start + index * step);
  return (dims, random) => {
    check(input, generator, [start, start + step, start + step * Math.max(0, elementCount(dims) - 1)]);
    return make(dims, random);
  };
}

function checkIntegers(input: NumberSpec, generator: Generator, values: readonly number[]): void {
  for (const value of values) {
    const element = elementFrom(
      input.datatype === 'BOOL' && (value === 0 || value === 1) ? value === 1 : value,
      input.datatype,
    );
    if ('expected' in element) throw unsuited(input, generator, `values that are ${element.expected}`, value);
  }
}

function checkFloats(input: NumberSpec, generator: Generator, values: readonly number[]): void {
  for (const value of values) {
    const element = elementFrom(value, input.datatype);
    if ('expected' in element) throw unsuited(input, generator, element.expected, value);
  }
}

function unsuited(input: TensorSpec, generator: Generator, expected: string, got?: number): PerfError {
  return new PerfError(
    'usage',
    `Cannot use --input ${input.name}:${generator.kind}(...) for type ${input.datatype}: expected ${expected}, got ${got ?? describe(generator)}`,
  );
}

const describe = (generator: Generator): string =>
  `${generator.kind}(${Object.entries(generator)
    .filter(([key]) => key !== 'kind')
    .map(([, value]) => value)
    .join(',')})`;
