import Long from 'long';
import type { Parameters, ParameterValue } from './infer.js';
import { ProtocolError } from './protocol-error.js';

/** protobufjs gives 64-bit integers as Long objects, and takes numbers or Longs. */
type Int64 = number | Long;

type ParameterType = 'bool_param' | 'int64_param' | 'string_param' | 'double_param' | 'uint64_param';

interface InferParameter {
  readonly parameter_choice?: string;
  readonly bool_param?: boolean;
  readonly int64_param?: Int64;
  readonly string_param?: string;
  readonly double_param?: number;
  readonly uint64_param?: Int64;
}

/** `map<string, InferParameter>` as protobufjs takes and gives it. */
export type ParameterMap = Readonly<Record<string, InferParameter>>;

/** Members in which the parameters that the protocol knows may travel (v2 protocol, 6.2). */
const typesOf: ReadonlyMap<string, readonly ParameterType[]> = new Map<string, readonly ParameterType[]>([
  ['sequence_id', ['int64_param', 'string_param']],
  ['sequence_start', ['bool_param']],
  ['sequence_end', ['bool_param']],
  ['priority', ['int64_param', 'uint64_param']],
  ['timeout', ['int64_param']],
  ['triton_enable_empty_final_response', ['bool_param']],
  ['classification', ['int64_param']],
  ['shared_memory_region', ['string_param']],
  ['shared_memory_offset', ['int64_param']],
  ['shared_memory_byte_size', ['int64_param']],
]);

/**
 * Checks the parameters of a request, an input or a requested output.
 *
 * @throws ProtocolError when one that the protocol knows is of another type
 */
export function checkParameterTypes(map: ParameterMap): void {
  for (const [key, { parameter_choice: type }] of Object.entries(map)) {
    const types = typesOf.get(key);
    if (types === undefined || type === undefined || types.some((known) => known === type)) continue;
    throw new ProtocolError(`invalid value type for '${key}' parameter, expected ${types.join(' or ')}.`);
  }
}

/** @throws ProtocolError when one has no value */
export function fromParameterMap(map: ParameterMap): Parameters {
  const parameters = new Map<string, ParameterValue>();
  for (const [key, parameter] of Object.entries(map)) {
    const choice = parameter.parameter_choice as Exclude<keyof InferParameter, 'parameter_choice'> | undefined;
    const value = choice === undefined ? undefined : parameter[choice];
    if (value === undefined) throw new ProtocolError(`parameter '${key}' has no value`);
    parameters.set(key, typeof value === 'object' ? integerFrom(key, value) : value);
  }
  return parameters;
}

/** Sequence ids are unsigned and travel as int64, those from 2^63 as negative numbers: there is no other field for them. */
function integerFrom(key: string, value: Long): number | bigint {
  if (Number.isSafeInteger(value.toNumber()) && !(key === 'sequence_id' && value.isNegative())) return value.toNumber();
  const exact = BigInt(value.toString());
  return key === 'sequence_id' ? BigInt.asUintN(64, exact) : exact;
}

export function toParameterMap(parameters: Parameters): Record<string, InferParameter> {
  return Object.fromEntries([...parameters].map(([key, value]) => [key, parameterMessage(key, value)]));
}

const largestInt64 = 2n ** 63n - 1n;

function parameterMessage(key: string, value: ParameterValue): InferParameter {
  if (typeof value === 'bigint') {
    const isUnsigned = value > largestInt64 && key !== 'sequence_id';
    const integer = Long.fromString(String(value), isUnsigned);
    return isUnsigned ? { uint64_param: integer } : { int64_param: integer };
  }
  if (typeof value === 'boolean') return { bool_param: value };
  if (typeof value === 'string') return { string_param: value };
  return Number.isSafeInteger(value) ? { int64_param: value } : { double_param: value };
}
