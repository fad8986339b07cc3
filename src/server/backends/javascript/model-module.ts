import { pathToFileURL } from 'node:url';
import { isDatatype } from '../../../protocol/datatype.js';
import type { GraphTensor, ModelGraph } from '../backend.js';
import { kindOf } from './raw-output.js';
import type { ModelArguments } from './worker-messages.js';

/** What a module of a model exports. */
export interface ModelModule {
  initialize(given: ModelArguments): unknown;
  execute(requests: readonly unknown[]): unknown;
  finalize(): unknown;
  /** `undefined` when it exports neither `inputs` nor `outputs`. */
  readonly graph: ModelGraph | undefined;
}

type Member = (...given: unknown[]) => unknown;

/**
 * Loads a module: ECMAScript or CommonJS.
 * Rejects with what the module throws, and with an `Error` when it does not export what a model needs.
 */
export async function loadModule(path: string): Promise<ModelModule> {
  const namespace: Record<string, unknown> = await import(pathToFileURL(path).href);
  const whole = namespace['default'];
  const isWhole = typeof whole === 'object' && whole !== null && 'execute' in whole; // as `module.exports` is
  const members = isWhole ? (whole as Record<string, unknown>) : namespace;
  const { inputs, outputs } = members;
  return {
    initialize: functionOf(members, 'initialize') ?? (() => undefined),
    execute: functionOf(members, 'execute') ?? missing(),
    finalize: functionOf(members, 'finalize') ?? (() => undefined),
    graph:
      inputs === undefined && outputs === undefined
        ? undefined
        : { inputs: tensorsOf(inputs, 'inputs'), outputs: tensorsOf(outputs, 'outputs') },
  };
}

function missing(): never {
  throw new Error("the module must export a function 'execute'");
}

function functionOf(members: Readonly<Record<string, unknown>>, name: string): Member | undefined {
  const member = members[name];
  if (member === undefined) return undefined;
  if (typeof member !== 'function') throw new Error(`'${name}' must be a function, got ${kindOf(member)}`);
  return member.bind(members);
}

function tensorsOf(list: unknown, member: string): GraphTensor[] {
  if (!Array.isArray(list)) throw new Error(`'${member}' must be a list of tensors, got ${kindOf(list)}`);
  return list.map((tensor, index) => tensorOf(tensor, `${member}[${index}]`));
}

function tensorOf(tensor: unknown, where: string): GraphTensor {
  const { name, datatype, shape } = (tensor ?? {}) as Readonly<Record<string, unknown>>;
  const isRight =
    typeof name === 'string' && typeof datatype === 'string' && isDatatype(datatype) && Array.isArray(shape);
  if (isRight && shape.every((dim) => Number.isSafeInteger(dim) && dim >= -1)) return { name, datatype, shape };
  throw new Error(`'${where}' must be { name, datatype, shape }, as { name: 'X', datatype: 'FP32', shape: [-1, 3] }`);
}
