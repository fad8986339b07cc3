import type { ShapeChoice } from '../../src/core/input-data.js';
import { PerfError } from '../../src/core/perf-error.js';
import { fits, type ModelSignature, type TensorSpec } from './model-signature.js';

type Shapes = Readonly<Record<string, readonly ShapeChoice[]>>;

/** The shapes that the inputs of one request have together, of those inputs for which the user gave any. */
export interface ShapeAlternative {
  readonly dims: ReadonlyMap<string, readonly number[]>;
  readonly weight: number;
}

/**
 * The alternatives that `--shape` describes: the n-th shape of an input goes with the n-th shape of every other input
 * that has several; an input with one shape has it in all.
 *
 * @throws PerfError `usage` for an unknown input, a shape that does not fit, or lists that do not go together
 */
export function shapeAlternatives(shapes: Shapes, signature: ModelSignature): ShapeAlternative[] {
  const lists = Object.entries(shapes);
  for (const [name, choices] of lists) checkChoices(name, choices, signature);
  const mixed = lists.filter(([, choices]) => choices.length > 1);
  const [leading] = mixed;
  for (const other of mixed) checkAlike(leading ?? other, other);
  const count = leading?.[1].length ?? 1;
  return Array.from({ length: count }, (_, index) => ({
    dims: new Map(lists.map(([name, choices]) => [name, (choices[index] ?? choices[0])?.dims ?? []])),
    weight: leading?.[1][index]?.weight ?? 1,
  }));
}

function checkChoices(name: string, choices: readonly ShapeChoice[], { inputs, modelName }: ModelSignature): void {
  const input = inputs.find((known) => known.name === name);
  if (input === undefined) {
    throw new PerfError(
      'usage',
      `Cannot use --shape ${name}: expected an input of model '${modelName}' (${inputs.map((known) => known.name).join(', ')}), got '${name}'`,
    );
  }
  const misfit = choices.find(({ dims }) => !fits(dims, input.dims));
  if (misfit === undefined) return;
  throw new PerfError(
    'usage',
    `Cannot use --shape ${name}:${misfit.dims.join(',')}: expected dimensions that fit [${input.dims.join(',')}], got [${misfit.dims.join(',')}]`,
  );
}

type NamedChoices = readonly [name: string, choices: readonly ShapeChoice[]];

function checkAlike([name, choices]: NamedChoices, [other, otherChoices]: NamedChoices): void {
  const weights = choices.map(({ weight }) => weight).join(', ');
  const otherWeights = otherChoices.map(({ weight }) => weight).join(', ');
  if (weights === otherWeights) return;
  throw new PerfError(
    'usage',
    `Cannot mix the shapes of --shape ${name} and --shape ${other}: expected as many of each, with the same weights, got ${weights} and ${otherWeights}`,
    { hint: 'The n-th shape of one input goes with the n-th shape of the other.' },
  );
}

/**
 * The shape of generated data.
 *
 * @throws PerfError `usage` when the input is variable and has no shape
 */
export function generatedDims({ name, dims }: TensorSpec, { dims: given }: ShapeAlternative): readonly number[] {
  const chosen = given.get(name) ?? dims;
  if (chosen.every((dim) => dim >= 0)) return chosen;
  throw new PerfError(
    'usage',
    `Cannot make data for input '${name}': expected --shape ${name}:<dims> for its variable shape [${dims.join(',')}], got none`,
    { hint: `For example: --shape ${name}:${dims.map((dim) => (dim < 0 ? 16 : dim)).join(',')}` },
  );
}
