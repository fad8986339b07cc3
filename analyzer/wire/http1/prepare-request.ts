import type { HeaderField } from '../../../src/client/connection.js';
import { encodeInferRequest, headerLengthField, type TensorFormats } from '../../../src/protocol/http-infer.js';
import type { InferRequest } from '../../../src/protocol/infer.js';
import { type Compression, compressed } from '../compression.js';

/** How a request travels, whatever is in it. */
export interface RequestForm {
  /** Binary unless given. */
  readonly formats?: TensorFormats | undefined;
  /** Of the request, and what its answer may have. */
  readonly compression?: Compression | undefined;
}

interface RequestOptions extends RequestForm {
  readonly headers?: readonly HeaderField[] | undefined;
}

/** The path of an inference request: `/v2/models/{model}[/versions/{version}]/infer`. */
export function inferPath({ modelName, modelVersion }: InferRequest): string {
  const version = modelVersion === '' ? '' : `/versions/${encodeURIComponent(modelVersion)}`;
  return `/v2/models/${encodeURIComponent(modelName)}${version}/infer`;
}

/** The body of an inference request, and all header fields but those that frame it: our own, less those given. */
export function requestBody(
  request: InferRequest,
  { formats, compression, headers = [] }: RequestOptions,
): { readonly bytes: Buffer; readonly fields: HeaderField[] } {
  const { body, headerLength } = encodeInferRequest(request, formats);
  const own: HeaderField[] =
    headerLength === undefined
      ? [['content-type', 'application/json']]
      : [
          ['content-type', 'application/octet-stream'],
          [headerLengthField, String(headerLength)],
        ];
  if (compression === undefined) return { bytes: body, fields: replaced(own, headers) };
  const coding: HeaderField[] = [
    ['content-encoding', compression],
    ['accept-encoding', compression],
  ];
  return { bytes: compressed(body, compression), fields: replaced([...own, ...coding], headers) };
}

/**
 * All bytes of an inference request over HTTP/1.1 (RFC 9112 section 3), head and body in one buffer: a send is one
 * write, and copying the body once, before the run, costs the run nothing.
 *
 * @param authority `host[:port]`
 */
export function prepareRequest(request: InferRequest, authority: string, options: RequestOptions = {}): Buffer {
  const { bytes, fields } = requestBody(request, options);
  const framed = replaced([['host', authority]], [['content-length', String(bytes.length)], ...fields]);
  const head = framed.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`POST ${inferPath(request)} HTTP/1.1\r\n${head}\r\n`, 'latin1'), bytes]);
}

/** Fields, of which those go that are given anew. */
function replaced(fields: readonly HeaderField[], given: readonly HeaderField[]): HeaderField[] {
  const names = new Set(given.map(([name]) => name.toLowerCase()));
  return [...fields.filter(([name]) => !names.has(name)), ...given];
}
