import type { Tensor } from '../../protocol/tensor.js';

/** What stands for an input that a request left out, and that its model does without. */
export const absentInput: Pick<Tensor, 'shape' | 'data'> = { shape: [-1], data: new Uint8Array(0) };

/** No client can send such a shape. */
export const isAbsent = ({ shape }: Pick<Tensor, 'shape'>): boolean => shape[0] === -1;
