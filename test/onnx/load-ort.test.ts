import { createRequire } from 'node:module';
import test from 'ava';
import { loadOrt } from '../../src/onnx/runtime/load-ort.js';

test('loadOrt has 16-bit floats held as bits also where the language has an array for them, and leaves that alone', (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  class Float16Array extends Uint16Array {}
  const value = { value: Float16Array, configurable: true, writable: true };
  Object.defineProperty(globalThis, 'Float16Array', value);
  t.teardown(() => {
    Reflect.deleteProperty(globalThis, 'Float16Array');
    if (before !== undefined) Object.defineProperty(globalThis, 'Float16Array', before);
  });
  const { Tensor } = loadOrt(createRequire(import.meta.url).resolve('onnxruntime-node'));
  const { data } = new Tensor('float16', Uint16Array.of(0x3c00), [1]);
  t.is(data.constructor, Uint16Array);
  t.is((globalThis as { Float16Array?: unknown }).Float16Array, Float16Array);
});
