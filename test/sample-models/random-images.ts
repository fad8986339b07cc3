import { Tensor } from 'onnxruntime-node';
import { seededRandom } from '../../src/core/random.js';

const pixels = 3 * 224 * 224;

/** A batch of images of pixels uniform in [0, 1); image n of every batch is the same. */
export function randomImages(count: number): Tensor {
  const random = seededRandom(7);
  const values = Float32Array.from({ length: count * pixels }, random);
  return new Tensor('float32', values, [count, 3, 224, 224]);
}
