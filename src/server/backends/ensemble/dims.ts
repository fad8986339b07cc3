/** Whether two shapes can be the same: -1 on either side stands for any size. */
export const dimsAgree = (left: readonly number[], right: readonly number[]): boolean =>
  left.length === right.length && left.every((dim, index) => dim === right[index] || dim === -1 || right[index] === -1);

/** A shape on its way between models that have a batch dimension and models that have none. */
export interface PassedShape {
  readonly shape: readonly number[];
  /** Rows in the first dimension; 0 when it comes from a model without batch dimension. */
  readonly batchSize: number;
}

/**
 * The shape that a tensor gets for a model which expects `dims` (without batch dimension). A tensor without batch
 * dimension that fits as it is becomes a batch of one; a batch of one that does not fit as it is loses the dimension.
 * In all other cases the first dimension is the batch, under either name.
 */
export function passShape(
  { shape, batchSize }: PassedShape,
  expected: { readonly dims: readonly number[]; readonly isBatching: boolean },
): readonly number[] {
  const { dims, isBatching } = expected;
  if (isBatching && batchSize === 0 && dimsAgree(dims, shape)) return [1, ...shape];
  if (!isBatching && batchSize === 1 && !dimsAgree(dims, shape)) return shape.slice(1);
  return shape;
}
