import type { InferRequest, InferResponse } from '../../../../src/protocol/infer.js';
import { requestOf } from '../../live-service.js';

/** The files of a model `m` with an INT32 input and output of any length, whose module ends with the given lines. */
export const javascriptModel = (module: string, config = '') => ({
  'm/config.pbtxt': `backend: "javascript"
    input { name: "X" data_type: TYPE_INT32 dims: -1 }
    output { name: "Y" data_type: TYPE_INT32 dims: -1 }
    ${config}`,
  'm/1/model.mjs': module,
});

/** Answers each request with its input, and does what the first element says before. */
export const obeyingModule = `
export async function execute(requests) {
  for (const { inputs } of requests) await acts[inputs.X.data[0]]?.();
  return requests.map(({ inputs }) => ({ outputs: { Y: inputs.X.data } }));
}
const acts = {
  91: () => { throw new Error('not\\n today'); },
  92: () => process.exit(7),
  93: () => process.abort(),
  94: () => { setTimeout(() => { throw new Error('too late'); }); return new Promise(() => {}); },
  95: () => { const all = []; for (;;) all.push(new Array(1e6).fill(0.5)); },
  96: () => { setTimeout(() => process.exit(8), 0); },
};`;

/** A request to `m` without batch dimension. */
export const numbers = (values: readonly number[], changes: Partial<InferRequest> = {}): InferRequest =>
  requestOf('m', { X: { datatype: 'INT32', shape: [values.length], data: Int32Array.from(values) } }, changes);

/** A request to `m` with rows of one number. */
export const rows = (values: readonly number[], changes: Partial<InferRequest> = {}): InferRequest =>
  requestOf('m', { X: { datatype: 'INT32', shape: [values.length, 1], data: Int32Array.from(values) } }, changes);

/** The elements of the first output, INT32. */
export function numbersOf({ outputs }: InferResponse): number[] {
  const { data } = outputs[0] ?? { data: new Uint8Array(0) };
  return [...new Int32Array(Uint8Array.from(data).buffer)];
}
