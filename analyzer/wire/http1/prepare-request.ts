import { encodeInferRequest, type HttpBody, headerLengthField } from '../../../src/protocol/http-infer.js';
import type { InferRequest } from '../../../src/protocol/infer.js';

/** Header fields that are added to every request, as name and value. */
export type ExtraHeaders = readonly (readonly [name: string, value: string])[];

/** The path of an inference request: `/v2/models/{model}[/versions/{version}]/infer`. */
export function inferPath({ modelName, modelVersion }: InferRequest): string {
  const version = modelVersion === '' ? '' : `/versions/${encodeURIComponent(modelVersion)}`;
  return `/v2/models/${encodeURIComponent(modelName)}${version}/infer`;
}

/** The header fields that describe the body of an inference request. */
export function bodyFields({ headerLength }: HttpBody): ExtraHeaders {
  return headerLength === undefined
    ? [['content-type', 'application/json']]
    : [
        ['content-type', 'application/octet-stream'],
        [headerLengthField, String(headerLength)],
      ];
}

/**
 * All bytes of an inference request over HTTP/1.1 (RFC 9112 section 3), head and body in one buffer: a send is one
 * write, and copying the body once, before the run, costs the run nothing.
 *
 * @param authority `host[:port]`
 */
export function prepareRequest(request: InferRequest, authority: string, headers: ExtraHeaders = []): Buffer {
  const encoded = encodeInferRequest(request);
  const fields = [
    ['host', authority],
    ['content-length', String(encoded.body.length)],
    ...bodyFields(encoded),
    ...headers,
  ];
  const head = fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST ${inferPath(request)} HTTP/1.1\r\n${head}\r\n`, 'latin1'), encoded.body]);
}
