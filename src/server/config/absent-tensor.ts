import type { Tensor } from '../../protocol/tensor.js';

/** What stands for an input or output that was left out, and need not be there. */
export const absentTensor: Pick<Tensor, 'shape' | 'data'> = { shape: [-1], data: new Uint8Array(0) };

/** No client and no model can send such a shape. */
export const isAbsent = ({ shape }: Pick<Tensor, 'shape'>): boolean => shape[0] === -1;
