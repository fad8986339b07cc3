import type { ExecutionContext } from 'ava';
import { InferenceSession, type Tensor } from 'onnxruntime-node';
import { findSampleModel } from '../../sample-models/catalogue.js';
import { encodeInParts } from '../../src/onnx/encode-model.js';

/** Builds a sample model in memory and opens it; the session ends with the test. */
export async function openSampleModel(t: ExecutionContext, name: string): Promise<InferenceSession> {
  const { parts } = encodeInParts(await findSampleModel(name).build());
  const session = await InferenceSession.create(Buffer.concat([...parts()]));
  t.teardown(() => session.release());
  return session;
}

/** The elements of a tensor of floats, one list a row (slice along the first dimension). */
export function rowsOf(tensor: Tensor | undefined): number[][] {
  if (!(tensor?.data instanceof Float32Array)) throw new Error(`not a tensor of floats: ${tensor?.type}`);
  const values = [...tensor.data];
  const count = tensor.dims[0] ?? 1;
  const length = values.length / count;
  return Array.from({ length: count }, (_, row) => values.slice(row * length, (row + 1) * length));
}

/** The largest difference between elements at the same place; NaN when one is not a number. */
export function largestDifference(left: readonly number[], right: readonly number[]): number {
  return Math.max(...left.map((value, index) => Math.abs(value - (right[index] ?? Number.NaN))));
}
