import type { Tolerance } from '../../src/core/input-data.js';
import { datatypeFacts } from '../../src/protocol/datatype.js';
import { type Element, elementCodecs, type FixedDatatype } from '../../src/protocol/element-codec.js';
import type { InferOutput } from '../../src/protocol/infer.js';
import { unpackBytes } from '../../src/protocol/tensor.js';
import type { ExpectedOutput } from '../data/step.js';

/**
 * The first difference between an answer and what it was to hold, in words. Numbers agree when they differ by at most
 * `absolute + relative x |expected|`, and NaN agrees with NaN; booleans and strings must be equal. Elements are
 * compared in row-major order, whatever the shape.
 */
export function firstMismatch(
  expected: readonly ExpectedOutput[],
  outputs: readonly InferOutput[],
  tolerance: Tolerance,
): string | undefined {
  for (const wanted of expected) {
    const output = outputs.find(({ name }) => name === wanted.name);
    const mismatch =
      output === undefined
        ? `: expected it in the answer, got ${outputs.map(({ name }) => name).join(', ') || 'no outputs'}`
        : mismatchOf(wanted, output, tolerance);
    if (mismatch !== undefined) return `output '${wanted.name}'${mismatch}`;
  }
  return undefined;
}

function mismatchOf(expected: ExpectedOutput, output: InferOutput, tolerance: Tolerance): string | undefined {
  if (output.datatype !== expected.datatype) return `: expected ${expected.datatype}, got ${output.datatype}`;
  if (Buffer.compare(expected.data, output.data) === 0) return undefined;
  const { datatype } = expected;
  return datatype === 'BYTES'
    ? textMismatch(expected, output)
    : numberMismatch(datatype, { expected: expected.data, got: output.data, tolerance });
}

const differentCount = (expected: number, got: number): string => `: expected ${expected} elements, got ${got}`;

function textMismatch(expected: ExpectedOutput, output: InferOutput): string | undefined {
  const wanted = unpackBytes(expected.data, expected.name);
  const got = unpackBytes(output.data, output.name);
  if (wanted.length !== got.length) return differentCount(wanted.length, got.length);
  const index = wanted.findIndex((text, at) => Buffer.compare(text, got[at] ?? new Uint8Array(0)) !== 0);
  if (index < 0) return undefined;
  return `, index ${index}: expected ${shownText(wanted[index])}, got ${shownText(got[index])}`;
}

function shownText(bytes: Uint8Array = new Uint8Array(0)): string {
  const text = Buffer.from(bytes).toString('utf8');
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text);
}

interface Comparison {
  readonly expected: Uint8Array;
  readonly got: Uint8Array;
  readonly tolerance: Tolerance;
}

function numberMismatch(datatype: FixedDatatype, { expected, got, tolerance }: Comparison): string | undefined {
  const step = datatypeFacts[datatype].sizeBytes ?? 1;
  if (expected.length !== got.length) return differentCount(expected.length / step, got.length / step);
  const { read } = elementCodecs[datatype];
  const [wantedView, gotView] = [viewOf(expected), viewOf(got)];
  for (let offset = 0; offset < expected.length; offset += step) {
    const wanted = read(wantedView, offset);
    const found = read(gotView, offset);
    if (!agree(wanted, found, tolerance)) return `, index ${offset / step}: expected ${wanted}, got ${found}`;
  }
  return undefined;
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array): DataView =>
  new DataView(buffer, byteOffset, byteLength);

function agree(expected: Element, got: Element, { absolute, relative }: Tolerance): boolean {
  if (expected === got || Object.is(expected, got)) return true; // NaN, infinities, and -0 with 0
  if (typeof expected === 'boolean') return false;
  // The difference of two 64-bit integers is exact before it becomes a number.
  const difference = typeof expected === 'bigint' ? Number(BigInt(got) - expected) : Number(got) - expected;
  const allowed = absolute + relative * Math.abs(Number(expected));
  return Number.isFinite(difference) && Math.abs(difference) <= allowed;
}
