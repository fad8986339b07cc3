import { fromConfigDatatype } from './datatype.js';
import {
  type InferInput,
  type InferRequest,
  type InferResponse,
  isParameterValue,
  noParameters,
  type ParameterValue,
} from './infer.js';
import { isJsonObject, type JsonObject, parseJsonObject, requiredString, shown } from './json.js';
import { elementsFromJson, tensorDataFromJson, tensorDataToJson } from './json-tensor.js';
import type { ConfigInput, ModelConfig } from './model-config.js';
import { ProtocolError } from './protocol-error.js';
import { elementCount } from './tensor.js';

/** What the members of a request become. */
interface Mapping {
  readonly config: ModelConfig;
  readonly inputs: Map<string, InferInput>;
  readonly parameters: Map<string, ParameterValue>;
}

/**
 * Decodes the body of `generate` and `generate_stream` (generate extension): members with the name of an input become that
 * tensor, all others parameters; so do those of the member `parameters`. `id` is the request's.
 *
 * @throws ProtocolError when the body is no such object, or an input cannot have the given elements
 */
export function decodeGenerateRequest(
  body: Buffer,
  config: ModelConfig,
  model: { readonly modelName: string; readonly modelVersion: string },
): InferRequest {
  const { id, parameters: nested, ...members } = parseJsonObject(body.toString('utf8'));
  const mapping: Mapping = { config, inputs: new Map(), parameters: new Map() };
  const isInput = (name: string): boolean => config.input.some((input) => input.name === name);
  mapMembers(members, mapping);
  if (id !== undefined && isInput('id')) mapMembers({ id }, mapping);
  if (isJsonObject(nested) && !isInput('parameters')) mapMembers(nested, mapping);
  else if (nested !== undefined) mapMembers({ parameters: nested }, mapping);
  return {
    ...model,
    id: id === undefined || isInput('id') ? '' : requiredString({ id }, 'id', 'request'),
    parameters: mapping.parameters,
    inputs: [...mapping.inputs.values()],
    outputs: [],
  };
}

function mapMembers(members: JsonObject, { config, inputs, parameters }: Mapping): void {
  for (const [name, value] of Object.entries(members)) {
    const input = config.input.find((each) => each.name === name);
    if (input === undefined) parameters.set(name, parameterFrom(name, value));
    else inputs.set(name, inputFrom(input, value, config));
  }
}

function parameterFrom(name: string, value: unknown): ParameterValue {
  if (isParameterValue(value)) return value;
  throw new ProtocolError(`parameter '${name}' must be a string, a number or a boolean, got ${shown(value)}`);
}

function inputFrom(input: ConfigInput, value: unknown, config: ModelConfig): InferInput {
  const { name } = input;
  const datatype = fromConfigDatatype(input.data_type);
  if (datatype === undefined) throw new ProtocolError(`input '${name}' has no datatype`);
  const data = elementsFromJson(Array.isArray(value) ? value : [value], { name, datatype });
  const dims = dimsFor(data.length, input);
  const shape = config.max_batch_size > 0 ? [1, ...dims] : dims;
  return { name, datatype, shape, data: tensorDataFromJson(data, { name, datatype, shape }), parameters: noParameters };
}

/** The dims of an input with so many elements: what is variable takes what the fixed ones leave. */
function dimsFor(count: number, { name, dims }: ConfigInput): number[] {
  const variable = dims.filter((dim) => dim < 0).length;
  const fixed = elementCount(dims.filter((dim) => dim >= 0));
  const rest = fixed === 0 ? 0 : count / fixed;
  if (variable > 1 || !Number.isInteger(rest) || (variable === 0 && count !== fixed)) {
    throw new ProtocolError(
      `cannot make input '${name}' with dims [${dims}] of ${count} elements: expected ` +
        (variable > 1 ? 'at most one variable dim' : `${variable === 0 ? '' : 'a multiple of '}${fixed}`),
    );
  }
  return dims.map((dim) => (dim < 0 ? rest : dim));
}

/**
 * Encodes the answer of `generate`, and one of `generate_stream`: outputs by name, those of one element without a list.
 *
 * @throws ProtocolError for FP16 and BF16, which have no JSON form
 */
export function encodeGenerateResponse({ id, modelName, modelVersion, parameters, outputs }: InferResponse): string {
  const members = [
    ...(id === '' ? [] : [`"id":${JSON.stringify(id)}`]),
    `"model_name":${JSON.stringify(modelName)}`,
    `"model_version":${JSON.stringify(modelVersion)}`,
    ...[...parameters].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`),
    ...outputs.map((output) => {
      const list = tensorDataToJson(output);
      return `${JSON.stringify(output.name)}:${elementCount(output.shape) === 1 ? list.slice(1, -1) : list}`;
    }),
  ];
  return `{${members.join(',')}}`;
}
