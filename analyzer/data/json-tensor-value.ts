import { PerfError } from '../../src/core/perf-error.js';
import { datatypeFacts } from '../../src/protocol/datatype.js';
import { type Element, elementCodecs } from '../../src/protocol/element-codec.js';
import { isJsonObject, shown } from '../../src/protocol/json.js';
import { packBytes, unpackBytes } from '../../src/protocol/tensor.js';
import { elementFrom } from './element-from.js';
import { resolveDims } from './given-dims.js';
import type { TensorSpec } from './model-signature.js';
import type { StepTensor } from './step.js';

export interface ValueContext {
  /** For messages: file, stream, step and tensor. */
  readonly where: string;
  /** As `--shape` says it. */
  readonly flagDims: readonly number[] | undefined;
}

/**
 * A tensor from its value in a data file: a flat or nested list, `{content, shape}`, `{b64, shape}` or
 * `{content: {b64}, shape}`. Nested lists say their shape.
 *
 * @throws PerfError `file` that names the place, what was expected, and what was got
 */
export function tensorFromJson(value: unknown, spec: TensorSpec, context: ValueContext): StepTensor {
  const { content, stated } = partsOf(value, context);
  const { data, elements, nested } = Array.isArray(content)
    ? fromList(content, spec, context)
    : fromBase64(content, spec, context);
  const given = stated ?? (nested?.length === spec.dims.length ? nested : undefined);
  const resolved = resolveDims(spec, { stated: given, flag: context.flagDims, elements });
  if ('dims' in resolved) return { dims: resolved.dims, data };
  throw badValue(
    context,
    resolved.expected,
    given === undefined ? `${elements} elements` : `[${given}] with ${elements}`,
  );
}

interface Content {
  readonly data: Uint8Array;
  readonly elements: number;
  /** The shape of a list whose rows are all alike. */
  readonly nested?: readonly number[] | undefined;
}

function badValue({ where }: ValueContext, expected: string, got: string): PerfError {
  return new PerfError('file', `Cannot use ${where}: expected ${expected}, got ${got}`);
}

const forms = 'a list, {"content", "shape"} or {"b64", "shape"}';

function partsOf(value: unknown, context: ValueContext): { content: unknown; stated: readonly number[] | undefined } {
  if (Array.isArray(value)) return { content: value, stated: undefined };
  if (!isJsonObject(value)) throw badValue(context, forms, shown(value));
  const unknown = Object.keys(value).find((key) => !['content', 'b64', 'shape'].includes(key));
  const hasOne = (value['content'] === undefined) !== (value['b64'] === undefined);
  if (unknown !== undefined || !hasOne) throw badValue(context, forms, shown(value));
  const inner = value['content'] ?? value['b64'];
  const content = isJsonObject(inner) && Object.keys(inner).join() === 'b64' ? inner['b64'] : inner;
  const isText = typeof content === 'string' && !(value['content'] === content);
  if (!isText && !Array.isArray(content)) throw badValue(context, forms, shown(value));
  return { content, stated: value['shape'] === undefined ? undefined : shapeOf(value['shape'], context) };
}

function shapeOf(value: unknown, context: ValueContext): readonly number[] {
  const isShape = Array.isArray(value) && value.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
  if (!isShape) throw badValue(context, 'a shape of integers that are not negative', shown(value));
  return value as number[];
}

function fromBase64(content: unknown, { datatype, name }: TensorSpec, context: ValueContext): Content {
  const text = String(content);
  const data = Buffer.from(text, 'base64'); // leaves out what is not base64
  if (!/^[A-Za-z0-9+/_-]*={0,2}$/.test(text) || text.replace(/=+$/, '').length % 4 === 1) {
    throw badValue(context, 'base64 text', shown(text));
  }
  if (datatype === 'BYTES') {
    try {
      return { data, elements: unpackBytes(data, name).length };
    } catch (thrown) {
      const reason = thrown instanceof Error ? thrown.message : String(thrown);
      throw badValue(context, 'base64 of elements that each begin with their length in 4 bytes', reason);
    }
  }
  const { sizeBytes = 1 } = datatypeFacts[datatype];
  if (data.length % sizeBytes !== 0) {
    throw badValue(context, `base64 of ${datatype} elements, ${sizeBytes} bytes each`, `${data.length} bytes`);
  }
  return { data, elements: data.length / sizeBytes };
}

function fromList(list: readonly unknown[], { datatype }: TensorSpec, context: ValueContext): Content {
  const values: unknown[] = [];
  flatten(list, values, context);
  const nested = shapeOfList(list);
  const place = (index: number): ValueContext => ({ ...context, where: `${context.where}, element ${index}` });
  if (datatype === 'BYTES') {
    const wrong = values.findIndex((value) => typeof value !== 'string');
    if (wrong >= 0) throw badValue(place(wrong), 'a string', shown(values[wrong]));
    return { data: packBytes(values as string[]), elements: values.length, nested };
  }
  const { write } = elementCodecs[datatype];
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  const data = new Uint8Array(values.length * step);
  const view = new DataView(data.buffer);
  values.forEach((value, index) => {
    const element = elementFrom(value, datatype);
    if ('expected' in element) throw badValue(place(index), `${element.expected} for ${datatype}`, shown(value));
    write(view, index * step, element.value satisfies Element);
  });
  return { data, elements: values.length, nested };
}

const deepest = 100;
const scalar: readonly number[] = [];

/** The elements of a list, row by row. */
function flatten(list: readonly unknown[], into: unknown[], context: ValueContext, depth = 1): void {
  if (depth > deepest) throw badValue(context, `at most ${deepest} lists inside each other`, 'more');
  for (const item of list) {
    if (Array.isArray(item)) flatten(item, into, context, depth + 1);
    else into.push(item);
  }
}

/** The shape of a list; `undefined` when its rows differ. */
function shapeOfList(list: readonly unknown[]): readonly number[] | undefined {
  const rows = list.map((item) => (Array.isArray(item) ? shapeOfList(item) : scalar));
  const first = rows.length === 0 ? scalar : rows[0];
  const areAlike = rows.every((row) => row === first || String(row) === String(first));
  return areAlike && first !== undefined ? [list.length, ...first] : undefined;
}
