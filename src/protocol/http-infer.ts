import { datatypeFrom } from './datatype.js';
import {
  type InferInput,
  type InferOutput,
  type InferRequest,
  type InferResponse,
  isParameterValue,
  noParameters,
  type Parameters,
  type ParameterValue,
  type RequestedOutput,
} from './infer.js';
import { checkIntegerLiterals } from './integer-literals.js';
import { isJsonObject, type JsonObject, parseJsonObject, requiredString, shapeFrom, shown } from './json.js';
import { tensorDataFromJson, tensorDataToJson } from './json-tensor.js';
import { ProtocolError } from './protocol-error.js';
import { rawByteSize } from './tensor.js';

/** Says how many bytes at the start of a body are JSON; the binary tensors follow (binary tensor data extension). */
export const headerLengthField = 'inference-header-content-length';

/** A body and, when binary tensors follow the JSON, the length of the JSON part in bytes. */
export interface HttpBody {
  readonly body: Buffer;
  readonly headerLength: number | undefined;
}

// ---------------------------------------------------------------------------------------------- encoding

export type TensorFormat = 'binary' | 'json';

/** How the tensors of a request travel, and how those of its answer are asked for. */
export interface TensorFormats {
  readonly inputs: TensorFormat;
  readonly outputs: TensorFormat;
}

const allBinary: TensorFormats = { inputs: 'binary', outputs: 'binary' };

/**
 * Encodes a request.
 *
 * @throws ProtocolError when an input is to be JSON and its datatype has no JSON form (FP16, BF16)
 */
export function encodeInferRequest(request: InferRequest, formats: TensorFormats = allBinary): HttpBody {
  const parameters = new Map(request.parameters);
  const isBinary = formats.inputs === 'binary';
  const wantsBinary = formats.outputs === 'binary';
  if (wantsBinary && request.outputs.length === 0) parameters.set('binary_data_output', true);
  const id = request.id === '' ? '' : `"id":${JSON.stringify(request.id)},`;
  const inputs = request.inputs.map((input) => tensorText(input, formOf(input, !isBinary))).join(',');
  const outputs = request.outputs.map((output) => requestedText(output, wantsBinary)).join(',');
  return assemble(
    `{${id}"inputs":[${inputs}]${outputs === '' ? '' : `,"outputs":[${outputs}]`}${parametersMember(parameters, '')}}`,
    isBinary ? request.inputs.filter(hasData) : [],
  );
}

/** The body of a response: JSON and the binary tensors that follow it, each where it lies. */
export interface EncodedResponse {
  readonly json: string;
  readonly tensors: readonly Uint8Array[];
}

/**
 * Encodes a response; `isBinary` says per output name whether its data travels as binary. An output in shared memory has
 * neither data nor parameters, as Triton answers it.
 */
export function encodeInferResponse(response: InferResponse, isBinary: (output: string) => boolean): EncodedResponse {
  const { id, modelName, modelVersion, parameters } = response;
  const tensors: Uint8Array[] = [];
  const outputs = response.outputs.map((output) => {
    if (!hasData(output)) return tensorText({ ...output, parameters: noParameters }, 'nothing');
    const form = isBinary(output.name) ? 'binary' : 'json';
    if (form === 'binary') tensors.push(output.data);
    return tensorText(output, form);
  });
  const json =
    `{${id === '' ? '' : `"id":${JSON.stringify(id)},`}"model_name":${JSON.stringify(modelName)},` +
    `"model_version":${JSON.stringify(modelVersion)}${parametersMember(parameters, '')},"outputs":[${outputs.join(',')}]}`;
  return { json, tensors };
}

/** Whether a request wants an output as binary: what is said of the output itself counts before the request's default. */
export function wantsBinary(request: InferRequest, output: string): boolean {
  const requested = request.outputs.find(({ name }) => name === output);
  if (requested !== undefined) return requested.parameters.get('binary_data') === true;
  return request.parameters.get('binary_data_output') === true;
}

function assemble(json: string, binary: readonly InferInput[]): HttpBody {
  if (binary.length === 0) return { body: Buffer.from(json), headerLength: undefined };
  const headerLength = Buffer.byteLength(json);
  const body = Buffer.allocUnsafe(binary.reduce((size, { data }) => size + data.length, headerLength));
  body.write(json);
  let offset = headerLength;
  for (const { data } of binary) {
    body.set(data, offset);
    offset += data.length;
  }
  return { body, headerLength };
}

/** How the data of a tensor travels. */
type DataForm = 'binary' | 'json' | 'nothing';

const formOf = (input: InferInput, json: boolean): DataForm => (!hasData(input) ? 'nothing' : json ? 'json' : 'binary');

function tensorText(tensor: InferInput | InferOutput, form: DataForm): string {
  const { name, datatype, shape, parameters, data } = tensor;
  const size = form === 'binary' ? `"binary_data_size":${data.length}` : '';
  const json = form === 'json' ? `,"data":${tensorDataToJson(tensor)}` : '';
  return `{"name":${JSON.stringify(name)},"datatype":"${datatype}","shape":[${shape.join(',')}]${parametersMember(parameters, size)}${json}}`;
}

/** `,"parameters":{...}` with `extra` as its last member, or nothing when both are empty. */
function parametersMember(parameters: Parameters, extra: string): string {
  if (parameters.size === 0) return extra === '' ? '' : `,"parameters":{${extra}}`;
  const members = [...parameters].map(([key, value]) => `${JSON.stringify(key)}:${valueText(value)}`);
  return `,"parameters":{${(extra === '' ? members : [...members, extra]).join(',')}}`;
}

const valueText = (value: ParameterValue): string =>
  typeof value === 'bigint' ? String(value) : JSON.stringify(value);

/** The data of a tensor in shared memory does not travel. */
const hasData = (tensor: InferInput | InferOutput): boolean => !tensor.parameters.has('shared_memory_region');

function requestedText(output: RequestedOutput, isBinary: boolean): string {
  const parameters = new Map(output.parameters);
  const isElsewhere = parameters.has('binary_data') || parameters.has('shared_memory_region');
  if (isBinary && !isElsewhere) parameters.set('binary_data', true);
  return `{"name":${JSON.stringify(output.name)}${parametersMember(parameters, '')}}`;
}

// ---------------------------------------------------------------------------------------------- decoding

/**
 * Decodes the body of `POST /v2/models/{model}/infer`. Binary inputs are views of `body`.
 *
 * @param headerLength value of `Inference-Header-Content-Length`; `undefined` = the whole body is JSON
 * @param maxJsonTensorBytes largest tensor in JSON form, as raw bytes
 * @throws ProtocolError when the body does not follow the protocol
 */
export function decodeInferRequest(
  { body, headerLength }: HttpBody,
  model: { readonly modelName: string; readonly modelVersion: string },
  maxJsonTensorBytes = Number.POSITIVE_INFINITY,
): InferRequest {
  const { text, head, binary } = splitBody(body, headerLength);
  const reading: TensorReading = { binary, role: 'input', model: model.modelName, maxJsonTensorBytes };
  const given = arrayMember(head, 'inputs');
  const inputs = given.map((input) => tensorFrom(input, reading));
  checkIntegerLiterals(text, { inputs, given });
  if (binary.offset !== binary.bytes.length) {
    throw new ProtocolError(`unexpected additional input data for model '${model.modelName}'`);
  }
  return {
    ...model,
    id: head['id'] === undefined ? '' : requiredString(head, 'id', 'request'),
    parameters: withFlag('binary_data_output', parametersFrom(head['parameters'], 'request'), 'request'),
    inputs,
    outputs: head['outputs'] === undefined ? [] : arrayMember(head, 'outputs').map(requestedFrom),
  };
}

/**
 * Decodes the body of a 200 answer. Binary outputs are views of `body`.
 *
 * @param shared outputs that were asked for in shared memory: they come without data
 * @throws ProtocolError when the body does not follow the protocol
 */
export function decodeInferResponse(
  { body, headerLength }: HttpBody,
  shared: ReadonlySet<string> = new Set(),
): InferResponse {
  const { head, binary } = splitBody(body, headerLength);
  const reading: TensorReading = { binary, role: 'output', maxJsonTensorBytes: Number.POSITIVE_INFINITY };
  const outputs = arrayMember(head, 'outputs').map((output) => tensorFrom(output, reading, shared));
  if (binary.offset !== binary.bytes.length) {
    throw new ProtocolError(`unexpected ${binary.bytes.length - binary.offset} bytes behind the outputs`);
  }
  return {
    modelName: requiredString(head, 'model_name', 'response'),
    modelVersion: head['model_version'] === undefined ? '' : requiredString(head, 'model_version', 'response'),
    id: head['id'] === undefined ? '' : requiredString(head, 'id', 'response'),
    parameters: parametersFrom(head['parameters'], 'response'),
    outputs,
  };
}

interface BinaryPart {
  readonly bytes: Uint8Array;
  offset: number;
}

function splitBody(
  body: Buffer,
  headerLength: number | undefined,
): { text: string; head: JsonObject; binary: BinaryPart } {
  const length = headerLength ?? body.length;
  if (length > body.length) {
    throw new ProtocolError(`inference header size should be in range (0, ${body.length}), got: ${length}`);
  }
  const text = body.toString('utf8', 0, length);
  return {
    text,
    head: parseJsonObject(text),
    binary: { bytes: body.subarray(length), offset: 0 },
  };
}

/** What the tensors of one body have in common. */
interface TensorReading {
  readonly binary: BinaryPart;
  readonly role: 'input' | 'output';
  /** Of a request, for messages. */
  readonly model?: string;
  readonly maxJsonTensorBytes: number;
}

function tensorFrom(value: unknown, reading: TensorReading, shared?: ReadonlySet<string>): InferInput {
  const { role } = reading;
  if (!isJsonObject(value)) throw new ProtocolError(`each element of '${role}s' must be an object`);
  const name = requiredString(value, 'name', role);
  const owner = `${role} '${name}'`;
  const datatype = datatypeFrom(requiredString(value, 'datatype', owner), owner);
  const tensor = { name, datatype, shape: shapeFrom(value['shape'], owner) };
  const parameters = parametersFrom(value['parameters'], owner);
  const size = parameters.get('binary_data_size');
  const isShared = parameters.has('shared_memory_region');
  const data = value['data'];
  const sources = Number(size !== undefined) + Number(isShared) + Number(data !== undefined);
  if (isShared || (shared?.has(name) && sources === 0)) {
    if (sources > 1) throw notOneSource(owner, sources);
    return { ...tensor, parameters, data: new Uint8Array(0) };
  }
  if (sources !== 1) throw notOneSource(owner, sources);
  if (size === undefined) return { ...tensor, parameters, data: jsonData(data, tensor, reading) };
  parameters.delete('binary_data_size');
  return { ...tensor, parameters, data: takeBinary(reading, size, name) };
}

const notOneSource = (owner: string, sources: number): ProtocolError =>
  new ProtocolError(
    "Input must set only one of the following fields: 'data', 'binary_data_size' in 'parameters', " +
      `'shared_memory_region' in 'parameters'. But ${owner} has ${sources === 0 ? 'none' : sources}`,
  );

function jsonData(
  data: unknown,
  tensor: Omit<InferInput, 'data' | 'parameters'>,
  { maxJsonTensorBytes }: TensorReading,
) {
  const bytes = rawByteSize(tensor.datatype, tensor.shape) ?? 0;
  if (bytes <= maxJsonTensorBytes) return tensorDataFromJson(data, tensor);
  throw new ProtocolError(
    `tensor '${tensor.name}' of ${bytes} bytes exceeds the maximum allowed value of ${maxJsonTensorBytes} bytes. ` +
      'Use --http-max-input-size to increase the limit.',
  );
}

function takeBinary({ binary, model }: TensorReading, size: ParameterValue, name: string): Uint8Array {
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new ProtocolError(
      `'binary_data_size' of tensor '${name}' must be a non-negative integer, got ${String(size)}`,
    );
  }
  const end = binary.offset + size;
  if (end > binary.bytes.length) {
    throw new ProtocolError(
      `unexpected size for input '${name}', expecting ${end - binary.bytes.length} additional bytes` +
        (model === undefined ? '' : ` for model '${model}'`),
    );
  }
  const data = binary.bytes.subarray(binary.offset, end);
  binary.offset = end;
  return data;
}

function requestedFrom(value: unknown): RequestedOutput {
  if (!isJsonObject(value)) throw new ProtocolError(`each element of 'outputs' must be an object`);
  const name = requiredString(value, 'name', 'output');
  const owner = `output '${name}'`;
  return { name, parameters: withFlag('binary_data', parametersFrom(value['parameters'], owner), owner) };
}

/** @throws ProtocolError when the parameter is there and is no boolean */
function withFlag(key: string, parameters: Parameters, owner: string): Parameters {
  const value = parameters.get(key) ?? false;
  if (typeof value === 'boolean') return parameters;
  throw new ProtocolError(`'${key}' of ${owner} must be a boolean, got ${shown(value)}`);
}

function parametersFrom(value: unknown, owner: string): Map<string, ParameterValue> {
  if (value === undefined) return new Map();
  if (!isJsonObject(value)) throw new ProtocolError(`'parameters' of ${owner} must be an object`);
  const parameters = new Map<string, ParameterValue>();
  for (const [key, member] of Object.entries(value)) {
    if (!isParameterValue(member)) {
      throw new ProtocolError(`parameter '${key}' of ${owner} must be a string, a number or a boolean`);
    }
    parameters.set(key, member);
  }
  return parameters;
}

function arrayMember(object: JsonObject, key: string): readonly unknown[] {
  const value = object[key];
  if (!Array.isArray(value)) throw new ProtocolError(`'${key}' must be an array`);
  return value;
}
