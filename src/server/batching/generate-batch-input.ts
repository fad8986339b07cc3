import type { BatchInputKind } from '../../protocol/model-config.js';
import type { ExecutableRequest } from '../backends/backend.js';

/** An input that the server makes from the shapes of a batch (model configuration, BatchInput). */
export interface GeneratedInput {
  readonly kind: BatchInputKind;
  /** Index of the planned input that is measured. */
  readonly source: number;
  readonly datatype: 'INT32' | 'FP32';
}

interface GeneratedTensor {
  readonly shape: readonly number[];
  readonly data: Uint8Array;
}

/** The tensor that tells the model how the flat inputs of a batch divide (model configuration, 7.2 "Ragged"). */
export function generateBatchInput(input: GeneratedInput, requests: readonly ExecutableRequest[]): GeneratedTensor {
  const shapes = requests.map((request) => request.inputs[input.source]?.shape ?? []);
  const counts = shapes.map((shape) => shape.reduce((product, dim) => product * dim, 1));
  const numbersOf = (values: readonly number[], shape: readonly number[] = [values.length]): GeneratedTensor => {
    const array = input.datatype === 'INT32' ? Int32Array.from(values) : Float32Array.from(values);
    return { shape, data: new Uint8Array(array.buffer) };
  };
  switch (input.kind) {
    case 'BATCH_ELEMENT_COUNT':
      return numbersOf(counts);
    case 'BATCH_ACCUMULATED_ELEMENT_COUNT':
      return numbersOf(runningSums(counts));
    case 'BATCH_ACCUMULATED_ELEMENT_COUNT_WITH_ZERO':
      return numbersOf([0, ...runningSums(counts)]);
    case 'BATCH_MAX_ELEMENT_COUNT_AS_SHAPE':
      return numbersOf(new Array<number>(Math.max(0, ...counts)).fill(0)); // only its length says something
    case 'BATCH_ITEM_SHAPE':
      return numbersOf(itemShapes(shapes), [rowsOf(shapes), (shapes[0]?.length ?? 1) - 1]);
    case 'BATCH_ITEM_SHAPE_FLATTEN':
      return numbersOf(itemShapes(shapes));
  }
}

function runningSums(counts: readonly number[]): number[] {
  let sum = 0;
  return counts.map((count) => {
    sum += count;
    return sum;
  });
}

/** The shape of each row without the batch dimension, one after the other. */
const itemShapes = (shapes: readonly (readonly number[])[]): number[] =>
  shapes.flatMap(([rows = 0, ...dims]) => Array.from({ length: rows }, () => dims).flat());

const rowsOf = (shapes: readonly (readonly number[])[]): number => shapes.reduce((sum, [rows = 0]) => sum + rows, 0);
