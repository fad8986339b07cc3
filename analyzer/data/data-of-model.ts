import { PerfError } from '../../src/core/perf-error.js';
import type { ModelSignature } from './model-signature.js';
import type { PrepareOptions } from './prepare-requests.js';

type Data = Pick<PrepareOptions, 'shapes' | 'data'>;

/**
 * What of the data flags is for one of several models: `--shape` and `--input` of the inputs that it has. `MODEL/INPUT` names
 * the input of one model only, and goes before a plain name.
 *
 * @throws PerfError `usage` for an input that none of the models has
 */
export function dataOfModel(data: Data, signature: ModelSignature, all: readonly ModelSignature[]): Data {
  return {
    shapes: ownInputs('--shape', data.shapes, signature, all),
    data: { ...data.data, generators: ownInputs('--input', data.data.generators, signature, all) },
  };
}

/** Tensors of other models that a data file may hold beside those of one. */
export function foreignTensors({ modelName }: ModelSignature, all: readonly ModelSignature[]): ReadonlySet<string> {
  const others = all.filter((other) => other.modelName !== modelName);
  return new Set(others.flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map(({ name }) => name)));
}

function ownInputs<Value>(
  flag: string,
  byName: Readonly<Record<string, Value>>,
  signature: ModelSignature,
  all: readonly ModelSignature[],
): Record<string, Value> {
  const entries = Object.entries(byName);
  const unknown = entries.find(([name]) => !all.some((model) => inputFor(name, model) !== undefined));
  if (unknown !== undefined) {
    const known = all.map(({ modelName, inputs }) => `'${modelName}' (${inputs.map(({ name }) => name).join(', ')})`);
    throw new PerfError(
      'usage',
      `Cannot use ${flag} ${unknown[0]}: expected an input of one of the models ${known.join(', ')}, got '${unknown[0]}'`,
    );
  }
  const own = entries.flatMap(([name, value]) => {
    const input = inputFor(name, signature);
    return input === undefined ? [] : [{ input, value, isPlain: input === name }];
  });
  own.sort((left, right) => Number(right.isPlain) - Number(left.isPlain)); // the later one stays
  return Object.fromEntries(own.map(({ input, value }) => [input, value]));
}

/** The input of a model that a flag means, if any. */
function inputFor(name: string, { modelName, inputs }: ModelSignature): string | undefined {
  const has = (wanted: string): boolean => inputs.some((input) => input.name === wanted);
  if (has(name)) return name;
  const rest = name.startsWith(`${modelName}/`) ? name.slice(modelName.length + 1) : undefined;
  return rest !== undefined && has(rest) ? rest : undefined;
}
