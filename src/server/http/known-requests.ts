import { decodeInferRequest, type HttpBody } from '../../protocol/http-infer.js';
import type { InferInput, InferRequest } from '../../protocol/infer.js';

/** Larger ones are rare, and reading them is not what their requests cost. */
const largestHeaderBytes = 4096;
const mostKept = 64;

/** What the JSON in front of binary tensors said. */
interface KnownRequest extends Omit<InferRequest, 'modelName' | 'modelVersion' | 'inputs'> {
  readonly inputs: readonly (Omit<InferInput, 'data'> & { readonly byteLength: number })[];
  /** Of all inputs. */
  readonly byteLength: number;
}

type Model = Pick<InferRequest, 'modelName' | 'modelVersion'>;

/**
 * Decodes inference requests. Clients send the same JSON in front of other tensors again and again, so what it says is kept,
 * by its exact bytes, of the last different ones.
 */
export class KnownRequests {
  /** The oldest comes first. */
  readonly #known = new Map<string, KnownRequest>();

  /** As `decodeInferRequest`, whose arguments these are. */
  decode(sent: HttpBody, model: Model, maxJsonTensorBytes: number): InferRequest {
    const { body, headerLength } = sent;
    if (headerLength === undefined || headerLength > largestHeaderBytes || headerLength > body.length) {
      return decodeInferRequest(sent, model, maxJsonTensorBytes);
    }
    const key = body.toString('latin1', 0, headerLength); // One character a byte.
    const known = this.#known.get(key);
    if (known?.byteLength === body.length - headerLength) return withTensors(known, model, body.subarray(headerLength));
    const request = decodeInferRequest(sent, model, maxJsonTensorBytes);
    this.#keep(key, withoutTensors(request), body.length - headerLength);
    return request;
  }

  #keep(key: string, known: KnownRequest, binaryBytes: number): void {
    if (known.byteLength !== binaryBytes) return; // Data came as JSON too.
    for (const oldest of this.#known.keys()) {
      if (this.#known.size < mostKept) break;
      this.#known.delete(oldest);
    }
    this.#known.set(key, known);
  }
}

function withoutTensors({ id, parameters, outputs, ...request }: InferRequest): KnownRequest {
  const inputs = request.inputs.map(({ data, ...input }) => ({ ...input, byteLength: data.length }));
  return { id, parameters, outputs, inputs, byteLength: inputs.reduce((size, input) => size + input.byteLength, 0) };
}

function withTensors(known: KnownRequest, { modelName, modelVersion }: Model, binary: Buffer): InferRequest {
  const { id, parameters, outputs } = known;
  const inputs: InferInput[] = [];
  let offset = 0;
  for (const { name, datatype, shape, parameters, byteLength } of known.inputs) {
    inputs.push({ name, datatype, shape, parameters, data: binary.subarray(offset, offset + byteLength) });
    offset += byteLength;
  }
  return { modelName, modelVersion, id, parameters, inputs, outputs };
}
