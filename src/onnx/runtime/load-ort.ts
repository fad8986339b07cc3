import { createRequire } from 'node:module';
import type { OrtPackage } from './ort-package.js';

/**
 * Loads `onnxruntime-node`. Where the language has a Float16Array (Node 24), the package's JavaScript holds 16-bit floats in one, which its
 * native part does not know: a model's inputs are then empty (1.30). It looks for that class once, at its first tensor, so that this one is made while
 * there is none; 16-bit floats are bits in a Uint16Array everywhere then.
 *
 * @param packagePath its entry file
 */
export function loadOrt(packagePath: string): OrtPackage {
  const ort = createRequire(import.meta.url)(packagePath) as OrtPackage;
  const own = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  if (own === undefined) return ort;
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    new ort.Tensor('uint8', new Uint8Array(1), [1]);
  } finally {
    Object.defineProperty(globalThis, 'Float16Array', own);
  }
  return ort;
}
