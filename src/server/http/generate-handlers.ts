import { decodeGenerateRequest, encodeGenerateResponse } from '../../protocol/generate.js';
import type { HttpAnswer } from './answer.js';
import { type HttpCall, modelOf } from './http-call.js';

/** `POST /v2/models/{model}/generate`: one answer, as a JSON object. */
export const handleGenerate = async (call: HttpCall): Promise<HttpAnswer> => ({
  status: 200,
  body: await generated(call),
  headers: { 'Content-Type': 'application/json' },
  isIdentity: true,
});

/** `POST /v2/models/{model}/generate_stream`: each answer as a server-sent event. A failure before the first is like any other. */
export const handleGenerateStream = async (call: HttpCall): Promise<HttpAnswer> => ({
  status: 200,
  body: `data: ${await generated(call)}\n\n`,
  headers: { 'Content-Type': 'text/event-stream; charset=utf-8' },
  isIdentity: true,
});

async function generated(call: HttpCall): Promise<string> {
  const { service, body, signal } = call;
  const model = modelOf(call);
  const request = decodeGenerateRequest(body, service.modelConfig(model), {
    modelName: model.name,
    modelVersion: model.version,
  });
  return encodeGenerateResponse(await service.infer(request, signal));
}
