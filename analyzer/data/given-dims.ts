import { elementCount } from '../../src/protocol/tensor.js';
import { fits, type TensorSpec } from './model-signature.js';

/** What is known of the shape of data that the user brought along. */
export interface GivenShape {
  /** As the data itself says it. */
  readonly stated: readonly number[] | undefined;
  /** As `--shape` says it. */
  readonly flag: readonly number[] | undefined;
  readonly elements: number;
}

/** A shape, or what was expected of it. */
export type ResolvedDims = { readonly dims: readonly number[] } | { readonly expected: string };

/**
 * The shape of data that the user brought along: what the data says counts before `--shape`, and that before what
 * follows from the number of elements when just one dimension of the model is variable.
 */
export function resolveDims({ dims }: TensorSpec, { stated, flag, elements }: GivenShape): ResolvedDims {
  const model = `[${dims}]`;
  if (stated !== undefined) {
    if (!fits(stated, dims)) return { expected: `a shape that fits ${model}` };
    if (elementCount(stated) !== elements) {
      return { expected: `${elementCount(stated)} elements for shape [${stated}]` };
    }
    return { dims: stated };
  }
  if (flag !== undefined && elementCount(flag) === elements) return { dims: flag };
  const variable = dims.filter((dim) => dim < 0).length;
  const fixed = elementCount(dims.filter((dim) => dim >= 0));
  if (variable === 0) return elements === fixed ? { dims } : { expected: `${fixed} elements for shape ${model}` };
  if (variable > 1) return { expected: `a shape with the data, or --shape, for the variable shape ${model}` };
  if (elements % fixed !== 0) return { expected: `a multiple of ${fixed} elements for shape ${model}` };
  return { dims: dims.map((dim) => (dim < 0 ? elements / fixed : dim)) };
}
