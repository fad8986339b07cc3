import { PerfError } from '../../core/perf-error.js';
import { type Candidate, candidateKey } from '../../core/trial.js';
import { configShape, type FieldShape, fieldShape, leavesOf } from '../../protocol/config-leaves.js';

/** A field that a combination leaves as it is. */
const untouched = Symbol('untouched');

/**
 * The combinations that `model_config_parameters` stands for, by Model Analyzer's rules: a value that fits its field is one value;
 * otherwise a list is read as alternatives, and `null` as leaving the field alone. Alternatives of several fields multiply, the last
 * field fastest. Each combination comes once.
 *
 * @throws PerfError `file` that names the place of an unknown field or a value of another type
 */
export function expandParameters(parameters: unknown, file: string, place: string): Candidate[] {
  const combinations = alternatives(configShape, parameters, { file, path: place });
  const candidates = combinations.map((combination) =>
    combination === untouched ? {} : leavesOf(combination as Readonly<Record<string, unknown>>),
  );
  return [...new Map(candidates.map((candidate) => [candidateKey(candidate), candidate])).values()];
}

/** Where a value stands. */
interface Place {
  readonly file: string;
  readonly path: string;
}

function alternatives(shape: FieldShape, value: unknown, place: Place): unknown[] {
  if (value === null) return [untouched];
  if (!fits(shape, value)) {
    if (!Array.isArray(value)) throw misfit(shape, value, place);
    return value.flatMap((each, index) => alternatives(shape, each, { ...place, path: `${place.path}[${index}]` }));
  }
  switch (shape.kind) {
    case 'message':
    case 'map':
      return productOfMembers(shape, value as Readonly<Record<string, unknown>>, place);
    case 'list':
      return productOfElements(shape.of, value as readonly unknown[], place);
    default:
      return [scalar(shape, value)];
  }
}

/** Whether a value is of the natural form of its field; what is inside of it is looked at later. */
function fits(shape: FieldShape, value: unknown): boolean {
  switch (shape.kind) {
    case 'message':
    case 'map':
      return typeof value === 'object' && !Array.isArray(value);
    case 'list':
      return Array.isArray(value) && value.every((element) => element !== null && fits(shape.of, element));
    case 'integer':
      return Number.isSafeInteger(numberOf(value));
    case 'decimal':
      return Number.isFinite(numberOf(value));
    case 'boolean':
      return typeof value === 'boolean';
    case 'choice':
      return shape.names.includes(String(value));
    case 'text':
      return typeof value === 'string' || typeof value === 'number';
    default:
      return false;
  }
}

/** A decimal number, also as text. */
const numberOf = (value: unknown): number =>
  typeof value === 'number' || (typeof value === 'string' && /^[+-]?\d+(\.\d+)?$/.test(value))
    ? Number(value)
    : Number.NaN;

function scalar({ kind }: FieldShape, value: unknown): unknown {
  if (kind === 'integer' || kind === 'decimal') return numberOf(value);
  return kind === 'boolean' ? value : String(value);
}

function productOfMembers(
  shape: Extract<FieldShape, { kind: 'message' | 'map' }>,
  value: Readonly<Record<string, unknown>>,
  { file, path }: Place,
): unknown[] {
  return Object.entries(value).reduce<Readonly<Record<string, unknown>>[]>(
    (partial, [name, member]) => {
      const place = { file, path: `${path}.${name}` };
      const memberShape = shape.kind === 'map' ? shape.of : fieldShape(shape.type, name);
      if (memberShape === undefined) throw unknownField(shape, place);
      const choices = alternatives(memberShape, member, place);
      return partial.flatMap((before) =>
        choices.map((choice) => (choice === untouched ? before : { ...before, [name]: choice })),
      );
    },
    [{}],
  );
}

const productOfElements = (shape: FieldShape, value: readonly unknown[], { file, path }: Place): unknown[] =>
  value.reduce<unknown[][]>(
    (partial, element, index) => {
      const choices = alternatives(shape, element, { file, path: `${path}[${index}]` });
      return partial.flatMap((before) => choices.map((choice) => [...before, choice]));
    },
    [[]],
  );

const expected: Readonly<Record<FieldShape['kind'], string>> = {
  message: 'a mapping',
  map: 'a mapping',
  list: 'a list',
  integer: 'a whole number',
  decimal: 'a number',
  boolean: 'true or false',
  choice: 'one of its names',
  text: 'a text',
};

function misfit(shape: FieldShape, value: unknown, { file, path }: Place): PerfError {
  const wanted = shape.kind === 'choice' ? shape.names.join(', ') : expected[shape.kind];
  return new PerfError('file', `Cannot read ${file}: expected ${wanted} at ${path}, got ${JSON.stringify(value)}`);
}

function unknownField(shape: FieldShape, { file, path }: Place): PerfError {
  const known = shape.kind === 'message' ? Object.keys(shape.type.fields).join(', ') : '';
  return new PerfError('file', `Cannot read ${file}: expected a field of a model configuration, got ${path}`, {
    hint: `Fields there: ${known}.`,
  });
}
