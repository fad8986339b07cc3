import type Long from 'long';
import { datatypeFrom } from './datatype.js';
import { checkElementCount, contentsFromRaw, type InferTensorContents, rawFromContents } from './grpc-contents.js';
import { checkParameterTypes, fromParameterMap, type ParameterMap, toParameterMap } from './grpc-parameters.js';
import {
  type InferInput,
  type InferOutput,
  type InferRequest,
  type InferResponse,
  noParameters,
  type RequestedOutput,
} from './infer.js';
import { shapeFrom } from './json.js';
import { ProtocolError } from './protocol-error.js';
import { decodeMessage, messageType } from './schema.js';

const requestType = messageType('inference.ModelInferRequest');
const responseType = messageType('inference.ModelInferResponse');

/** protobufjs gives 64-bit integers as Long objects, and takes numbers or Longs. */
type Int64 = number | Long;

interface TensorMessage {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly Int64[];
  readonly parameters: ParameterMap;
  readonly contents?: InferTensorContents | null;
}

interface RequestMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: ParameterMap;
  readonly inputs: readonly TensorMessage[];
  readonly outputs: readonly { readonly name: string; readonly parameters: ParameterMap }[];
  readonly raw_input_contents: readonly Uint8Array[];
}

/** `ModelInferResponse` as protobufjs takes and gives it. */
export interface ResponseMessage {
  readonly model_name: string;
  readonly model_version: string;
  readonly id: string;
  readonly parameters: ParameterMap;
  readonly outputs: readonly TensorMessage[];
  readonly raw_output_contents: readonly Uint8Array[];
}

/** How a request's tensors travel: `raw` as bytes, `typed` in `InferTensorContents`. */
export type ContentsForm = 'raw' | 'typed';

/**
 * Encodes `ModelInferRequest`.
 *
 * @throws ProtocolError when `form` is `typed` and a datatype has no typed field (FP16, BF16)
 */
export function encodeModelInferRequest(request: InferRequest, form: ContentsForm = 'raw'): Uint8Array {
  return requestType
    .encode({
      model_name: request.modelName,
      model_version: request.modelVersion,
      id: request.id,
      parameters: toParameterMap(request.parameters),
      inputs: request.inputs.map((input) => ({
        ...tensorMessage(input),
        ...(form === 'typed' ? { contents: contentsFromRaw(input) } : {}),
      })),
      outputs: request.outputs.map(({ name, parameters }) => ({ name, parameters: toParameterMap(parameters) })),
      raw_input_contents: form === 'raw' ? request.inputs.filter(hasData).map(({ data }) => data) : [],
    })
    .finish();
}

/** A `ModelInferRequest` of which only the model is known to be what it should be. */
export interface OpenedInferRequest {
  readonly modelName: string;
  readonly modelVersion: string;
  /**
   * Reads the rest; raw inputs are views of the bytes.
   *
   * @throws ProtocolError when the message breaks the protocol
   */
  read(): InferRequest;
}

/**
 * Decodes `ModelInferRequest` as far as it names its model: whoever does not know that has nothing to say about the tensors.
 *
 * @throws ProtocolError when the bytes are not the message
 */
export function openModelInferRequest(bytes: Uint8Array): OpenedInferRequest {
  const message = decodeMessage(requestType, bytes) as unknown as RequestMessage;
  return { modelName: message.model_name, modelVersion: message.model_version, read: () => requestFrom(message) };
}

/**
 * Decodes `ModelInferRequest`; raw inputs are views of `bytes`.
 *
 * @throws ProtocolError when the bytes are not the message, or the message breaks the protocol
 */
export const decodeModelInferRequest = (bytes: Uint8Array): InferRequest => openModelInferRequest(bytes).read();

function requestFrom(message: RequestMessage): InferRequest {
  checkParameterTypes(message.parameters);
  return {
    modelName: message.model_name,
    modelVersion: message.model_version,
    id: message.id,
    parameters: fromParameterMap(message.parameters),
    inputs: inputsFrom(message),
    outputs: message.outputs.map(requestedFrom),
  };
}

function requestedFrom({ name, parameters: map }: RequestMessage['outputs'][number]): RequestedOutput {
  checkParameterTypes(map);
  const parameters = fromParameterMap(map);
  if (parameters.get('classification') !== 0) return { name, parameters };
  throw new ProtocolError(`parameter 'classification' of output '${name}' must be above 0 over gRPC`);
}

/**
 * Encodes `ModelInferResponse`, outputs always in `raw_output_contents` as Triton does: that of an output in shared memory
 * is empty.
 */
export const encodeModelInferResponse = (response: InferResponse): Uint8Array =>
  responseType.encode(responseMessage(response)).finish();

/** A response as protobufjs encodes it, on its own or inside another message. */
export const responseMessage = (response: InferResponse): ResponseMessage => ({
  model_name: response.modelName,
  model_version: response.modelVersion,
  id: response.id,
  parameters: toParameterMap(response.parameters),
  outputs: response.outputs.map((output) =>
    tensorMessage(hasData(output) ? output : { ...output, parameters: noParameters }),
  ),
  raw_output_contents: response.outputs.map(({ data }) => data),
});

/**
 * Decodes `ModelInferResponse`, raw or typed; raw outputs are views of `bytes`.
 *
 * @param shared outputs that were asked for in shared memory: they come without data
 * @throws ProtocolError when the bytes are not the message, or the message breaks the protocol
 */
export const decodeModelInferResponse = (bytes: Uint8Array, shared?: ReadonlySet<string>): InferResponse =>
  responseFromMessage(decodeMessage(responseType, bytes) as unknown as ResponseMessage, shared);

/**
 * The response in a decoded message.
 *
 * @throws ProtocolError when the message breaks the protocol
 */
export function responseFromMessage(message: ResponseMessage, shared: ReadonlySet<string> = new Set()): InferResponse {
  const raw = message.raw_output_contents;
  if (raw.length > message.outputs.length) {
    throw new ProtocolError(`expected ${message.outputs.length} raw_output_contents, got ${raw.length}`);
  }
  return {
    modelName: message.model_name,
    modelVersion: message.model_version,
    id: message.id,
    parameters: fromParameterMap(message.parameters),
    outputs: message.outputs.map((output, index): InferOutput => {
      const tensor = tensorHead(output, 'output');
      if (shared.has(output.name)) return { ...tensor, data: new Uint8Array(0) };
      const data = raw.length > 0 ? raw[index] : typedData(output, tensor);
      if (data === undefined) throw new ProtocolError(`no raw_output_contents for output '${output.name}'`);
      return { ...tensor, data };
    }),
  };
}

function typedData({ contents }: TensorMessage, tensor: Omit<InferOutput, 'data'>): Uint8Array {
  checkElementCount(contents ?? {}, tensor);
  return rawFromContents(contents ?? {}, tensor);
}

function inputsFrom(message: RequestMessage): InferInput[] {
  const raw = message.raw_input_contents;
  let next = 0;
  const inputs = message.inputs.map((input): InferInput => {
    checkParameterTypes(input.parameters);
    const tensor = tensorHead(input, 'input');
    if (tensor.parameters.has('shared_memory_region')) return { ...tensor, data: new Uint8Array(0) };
    if (raw.length === 0) return { ...tensor, data: explicitData(input, tensor, message.model_name) };
    if (input.contents) {
      throw new ProtocolError(
        `contents field must not be specified when using raw_input_contents for '${input.name}' for model '${message.model_name}'`,
      );
    }
    const data = raw[next++];
    if (data === undefined) throw missingData(input.name, message.model_name);
    return { ...tensor, data };
  });
  if (next !== raw.length) {
    throw new ProtocolError(
      `expected ${next} raw input contents for model '${message.model_name}', got ${raw.length} in the request`,
    );
  }
  return inputs;
}

function explicitData(input: TensorMessage, tensor: Omit<InferInput, 'data'>, model: string): Uint8Array {
  if (!input.contents) throw missingData(input.name, model);
  return rawFromContents(input.contents, { ...tensor, model });
}

const missingData = (input: string, model: string): ProtocolError =>
  new ProtocolError(`unable to find data for input tensor '${input}' for model '${model}' in request.`);

function tensorHead(message: TensorMessage, role: 'input' | 'output'): Omit<InferInput, 'data'> {
  const { name } = message;
  const datatype = datatypeFrom(message.datatype, `${role} '${name}'`);
  const shape = shapeFrom(message.shape.map(toNumber), `tensor '${name}'`);
  return { name, datatype, shape, parameters: fromParameterMap(message.parameters) };
}

const hasData = (tensor: InferInput | InferOutput): boolean => !tensor.parameters.has('shared_memory_region');

const tensorMessage = (tensor: InferInput | InferOutput) => ({
  name: tensor.name,
  datatype: tensor.datatype,
  shape: tensor.shape,
  parameters: toParameterMap(tensor.parameters),
});

const toNumber = (value: Int64): number => (typeof value === 'number' ? value : value.toNumber());
