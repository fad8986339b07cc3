import { type Datatype, datatypeFacts } from './datatype.js';
import { type Element, elementCodecs } from './element-codec.js';
import { shown } from './json.js';
import { ProtocolError } from './protocol-error.js';
import { elementCount, packBytes, rawByteSize, type Tensor, unpackBytes } from './tensor.js';

const maxNesting = 100;

type Scalar = string | Element;

/** The literals of NaN and the infinities are those that Triton reads and writes. */
function jsonElement(value: Element): string {
  if (typeof value !== 'number' || Number.isFinite(value)) return Object.is(value, -0) ? '-0' : String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

/**
 * The raw form of the `data` member of a JSON tensor, flat or nested; only the element count must fit the shape.
 *
 * @throws ProtocolError when an element is not of the datatype, out of its range, or the count differs
 */
export function tensorDataFromJson(data: unknown, tensor: Omit<Tensor, 'data'>): Uint8Array {
  const { name, datatype, shape } = tensor;
  if (!Array.isArray(data)) throw new ProtocolError(`'data' of tensor '${name}' must be an array`);
  const elements = elementsFromJson(data, tensor);
  const expected = elementCount(shape);
  if (elements.length !== expected) {
    const text =
      elements.length < expected
        ? "Failed to parse 'data' field: shape does not match true shape"
        : "Unable to parse 'data': Shape does not match true shape of 'data' field";
    throw new ProtocolError(`${text} of tensor '${name}': expected ${expected} elements, got ${elements.length}`);
  }
  if (datatype === 'BYTES') return packBytes(elements as string[]);
  if (datatype === 'FP16' || datatype === 'BF16') throw noJsonForm('receiving', tensor);
  const { write } = elementCodecs[datatype];
  const raw = new Uint8Array(rawByteSize(datatype, shape) ?? 0);
  const view = new DataView(raw.buffer);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  for (const [index, element] of elements.entries()) write(view, index * step, element as Element);
  return raw;
}

/**
 * The elements of a flat or nested list, in row-major order.
 *
 * @throws ProtocolError when one is not of the datatype or out of its range, or lists are nested too deeply
 */
export function elementsFromJson(
  data: readonly unknown[],
  { name, datatype }: Pick<Tensor, 'name' | 'datatype'>,
): readonly Scalar[] {
  const elements: Scalar[] = [];
  flatten(data, { name, datatype, elements, depth: 1 });
  return elements;
}

interface Flattening {
  readonly name: string;
  readonly datatype: Datatype;
  readonly elements: Scalar[];
  readonly depth: number;
}

function flatten(data: readonly unknown[], into: Flattening): void {
  if (into.depth > maxNesting) {
    throw new ProtocolError(`JSON nesting depth exceeds maximum allowed limit (${maxNesting})`);
  }
  for (const element of data) {
    if (Array.isArray(element)) flatten(element, { ...into, depth: into.depth + 1 });
    else into.elements.push(checkedElement(element, into));
  }
}

function checkedElement(element: unknown, { name, datatype }: Flattening): Scalar {
  const expected = expectedElement(element, datatype);
  if (expected === undefined) return element as Scalar;
  throw new ProtocolError(
    `unable to parse 'data' of tensor '${name}' of type ${datatype}: expected ${expected}, got ${shown(element)}`,
  );
}

/** What an element should have been; `undefined` when it is right. */
function expectedElement(element: unknown, datatype: Datatype): string | undefined {
  if (datatype === 'BYTES') return expectedText(element);
  if (datatype === 'BOOL') return typeof element === 'boolean' ? undefined : 'true or false';
  if (typeof element !== 'number' && typeof element !== 'bigint') return 'a number';
  const { range } = datatypeFacts[datatype];
  return range === undefined ? undefined : expectedInteger(element, range);
}

function expectedText(element: unknown): string | undefined {
  if (typeof element !== 'string') return 'a string';
  return loneSurrogate.test(element) ? 'a string of well-formed Unicode' : undefined; // UTF-8 has no form for it.
}

const loneSurrogate = /\p{Surrogate}/u;

function expectedInteger(element: number | bigint, [smallest, largest]: readonly [bigint, bigint]): string | undefined {
  if (typeof element === 'number' && !Number.isSafeInteger(element)) return 'an integer';
  return element >= smallest && element <= largest ? undefined : `an integer from ${smallest} to ${largest}`;
}

/**
 * The `data` member of a JSON tensor as JSON text: a flat array. 64-bit integers are exact; NaN and infinities
 * are the bare literals that Triton uses.
 *
 * @throws ProtocolError for FP16 and BF16, which have no JSON form
 */
export function tensorDataToJson(tensor: Tensor): string {
  const { name, datatype, shape, data } = tensor;
  if (datatype === 'BYTES') {
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true }); // Which keeps it.
    return `[${unpackBytes(data, name)
      .map((element) => JSON.stringify(decoder.decode(element)))
      .join(',')}]`;
  }
  if (datatype === 'FP16' || datatype === 'BF16') throw noJsonForm('sending', tensor);
  const { read } = elementCodecs[datatype];
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  const count = elementCount(shape);
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  const texts = new Array<string>(count);
  for (let index = 0; index < count; index++) texts[index] = jsonElement(read(view, index * step));
  return `[${texts.join(',')}]`;
}

function noJsonForm(direction: 'receiving' | 'sending', tensor: Omit<Tensor, 'data'>): ProtocolError {
  const role = direction === 'receiving' ? 'input' : 'output';
  return new ProtocolError(
    `${direction} ${tensor.datatype} data via JSON is not supported. Please use the binary data format for ${role} ${tensor.name}`,
  );
}
