import { encodeInferResponse, headerLengthField, wantsBinary } from '../../protocol/http-infer.js';
import type { InferRequest } from '../../protocol/infer.js';
import { ProtocolError } from '../../protocol/protocol-error.js';
import { withForwarded } from '../forwarded-headers.js';
import { RefusalError } from '../refusal.js';
import type { HttpAnswer } from './answer.js';
import { forwardedIn, type HttpCall, modelOf } from './http-call.js';
import { rawInferRequest } from './raw-request.js';
import { tooLarge } from './request-body.js';

const maxHeaderLength = 2 ** 31 - 1;

/** `POST /v2/models/{model}/infer`: JSON, JSON with binary tensors, or one raw tensor. */
export async function handleInfer(call: HttpCall): Promise<HttpAnswer> {
  if (call.service.isDecoupled(modelOf(call))) {
    throw new RefusalError('unsupported', "HTTP end point doesn't support models with decoupled transaction policy");
  }
  const request = withForwarded(inferRequestFrom(call), forwardedIn(call));
  const response = await call.service.infer(request, call.signal);
  const { json, tensors } = encodeInferResponse(response, (output) => wantsBinary(request, output));
  if (tensors.length === 0) return { status: 200, body: json, headers: { 'Content-Type': 'application/json' } };
  const headerLength = Buffer.byteLength(json);
  return {
    status: 200,
    body: json,
    tensors,
    headers: { 'Content-Type': 'application/octet-stream', 'Inference-Header-Content-Length': headerLength },
  };
}

function inferRequestFrom(call: HttpCall): InferRequest {
  const { body, maxInputBytes } = call;
  const headerLength = headerLengthOf(call);
  if ((headerLength ?? body.length) > maxInputBytes) {
    throw tooLarge(`inference header of ${headerLength ?? body.length} bytes`, maxInputBytes);
  }
  const model = modelOf(call);
  if (headerLength === 0 || (headerLength === undefined && body.length === 0)) {
    if (body.length > maxInputBytes) throw tooLarge(`raw input of ${body.length} bytes`, maxInputBytes);
    return rawInferRequest(call.service.modelConfig(model), model, body);
  }
  const reference = { modelName: model.name, modelVersion: model.version };
  return call.known.decode({ body, headerLength }, reference, maxInputBytes);
}

/** @throws ProtocolError unless the header is absent or a plain integer in the range of a 32-bit length */
function headerLengthOf({ headers }: HttpCall): number | undefined {
  const text = headers[headerLengthField];
  if (text === undefined) return undefined;
  const value = Number(text);
  if (typeof text !== 'string' || !/^[0-9]+$/.test(text) || value > maxHeaderLength) {
    throw new ProtocolError(
      `Inference-Header-Content-Length must be an integer from 0 to ${maxHeaderLength}, got '${String(text).slice(0, 40)}'`,
    );
  }
  return value;
}
