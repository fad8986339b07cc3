import type { InferRequest } from '../../../src/protocol/infer.js';
import { noParameters } from '../../../src/protocol/infer.js';

/**
 * What a peer does with a request is named by the model of the request:
 * `echo` answers with the input; `refuse` says no, with `refusal` as text; `silent` never answers;
 * `vanish` breaks the connection in the middle of the answer; `big` answers 8 MiB.
 * A peer may know more names that only its protocol has.
 */
export interface Peer extends AsyncDisposable {
  readonly port: number;
  /** Breaks all connections and listens no more. */
  stop(): Promise<void>;
  /** Listens again, at the same port. */
  restart(): Promise<void>;
}

export const bigSize = 8 * 1024 * 1024;
/** Has a quote, a percent sign, and letters beyond ASCII. */
export const refusal = `model 'größe' is 100% "not ready": ключ`;

/** A request with one UINT8 tensor. */
export const requestFor = (modelName: string, data: Uint8Array = Buffer.from('abcd')): InferRequest => ({
  modelName,
  modelVersion: '',
  id: '',
  parameters: noParameters,
  inputs: [{ name: 'IN', datatype: 'UINT8', shape: [data.length], data, parameters: noParameters }],
  outputs: [],
});

/** The bytes of a big answer; no two pages alike. */
export function bigData(): Buffer {
  const data = Buffer.alloc(bigSize);
  for (let offset = 0; offset < bigSize; offset += 4) data.writeUInt32LE((offset * 2654435761) % 4294967296, offset);
  return data;
}
