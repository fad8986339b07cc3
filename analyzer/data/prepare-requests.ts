import type { InputDataSettings, ShapeChoice } from '../../src/core/input-data.js';
import { PerfError } from '../../src/core/perf-error.js';
import { deriveSeed, type Random, seededRandom } from '../../src/core/random.js';
import { weightedCycle } from '../weighted-cycle.js';
import { bindGenerator, type MakeData } from './bind-generator.js';
import type { InputSpec, ModelSignature } from './model-signature.js';
import { readDataFiles } from './read-data-files.js';
import { readDataFolder } from './read-data-folder.js';
import { generatedDims, type ShapeAlternative, shapeAlternatives } from './shape-plan.js';
import { assembleRequest, dataBytes, type PreparedRequest, type Step, type StepTensor } from './step.js';

export interface PrepareOptions {
  readonly signature: ModelSignature;
  readonly batchSize: number;
  readonly data: InputDataSettings;
  readonly shapes: Readonly<Record<string, readonly ShapeChoice[]>>;
  readonly seed: number;
  /** How many different requests of each shape are made; 8 unless given, and then within a larger limit. */
  readonly madePerShape?: number;
  /** Tensors of other models that data files may hold beside those of this one. */
  readonly foreign?: ReadonlySet<string>;
}

/**
 * Several different requests are sent in turn, so that a cache on the way is not mistaken for a fast model: this many of
 * each shape, unless they are so large that fewer must do.
 */
const usuallyMade = 8;
const madeLimitBytes = 64 * 1024 * 1024;
/** Where it matters how many there are. */
const manyLimitBytes = 256 * 1024 * 1024;
/** Data that the user brought along is used whole or not at all. */
const givenLimitBytes = 1024 * 1024 * 1024;

/**
 * The requests of a run in the order in which they are sent, again and again; one that comes more than once is the same
 * object. Equal options give equal bytes.
 *
 * Of data that is made there are 8 different requests for each shape, or fewer when all together exceed 64 MiB (but one
 * for each shape). Of data files every step of every stream is used in its order: the k-th request of batch b holds the
 * steps from k * b on, and behind the last step the first follows; together they may take 1 GiB.
 *
 * @throws PerfError `usage` or `file` when the data does not suit the model
 */
export function prepareRequests(options: PrepareOptions): PreparedRequest[] {
  const { source } = options.data;
  checkGenerators(options);
  const alternatives = shapeAlternatives(options.shapes, options.signature);
  const makers = makersOf(options);
  return source === 'files' || source === 'folder'
    ? givenRequests(options, makers, alternatives)
    : madeRequests(options, makers, alternatives);
}

/** Makes the next data of one input. */
type Maker = (alternative: ShapeAlternative) => StepTensor;
type Makers = ReadonlyMap<string, Maker>;

function checkGenerators({ data, signature }: PrepareOptions): void {
  const { inputs, modelName } = signature;
  const unknown = Object.keys(data.generators).find((name) => !inputs.some((input) => input.name === name));
  if (unknown === undefined) return;
  const names = inputs.map(({ name }) => name).join(', ');
  throw new PerfError(
    'usage',
    `Cannot use --input ${unknown}: expected an input of model '${modelName}' (${names}), got '${unknown}'`,
  );
}

/** For the inputs that have a generator, and for all others too when there are no files to take them from. */
function makersOf({ data, signature, seed }: PrepareOptions): Makers {
  const isMade = ({ name }: InputSpec): boolean =>
    data.source === 'random' || data.source === 'zero' || Object.hasOwn(data.generators, name);
  return new Map(
    signature.inputs.filter(isMade).map((input) => {
      const generator = Object.hasOwn(data.generators, input.name) ? data.generators[input.name] : undefined;
      if (generator === undefined && input.isShapeTensor) throw unmakeable(input);
      // Every input has numbers of its own, so that a generator for one leaves the others alone.
      const random = seededRandom(deriveSeed(seed, `input-data ${input.name}`));
      return [input.name, makerOf(input, bindGenerator(input, generator, data), random)] as const;
    }),
  );
}

const makerOf =
  (input: InputSpec, make: MakeData, random: Random): Maker =>
  (alternative) => {
    const dims = generatedDims(input, alternative);
    return { dims, data: make(dims, random) };
  };

function unmakeable({ name }: InputSpec): PerfError {
  return new PerfError(
    'usage',
    `Cannot make data for shape tensor '${name}': expected its values with --input-data FILE.json or --input ${name}:..., got none`,
  );
}

const makeAll = (makers: Makers, alternative: ShapeAlternative): Map<string, StepTensor> =>
  new Map([...makers].map(([name, make]) => [name, make(alternative)]));

// ------------------------------------------------------------------------------------- data that is made

function madeRequests(
  { signature, batchSize, madePerShape = usuallyMade }: PrepareOptions,
  makers: Makers,
  alternatives: readonly ShapeAlternative[],
): PreparedRequest[] {
  let bytes = 0;
  const limitBytes = madePerShape > usuallyMade ? manyLimitBytes : madeLimitBytes;
  const make = (alternative: ShapeAlternative): PreparedRequest => {
    const steps = Array.from({ length: batchSize }, (_, index): Step => {
      return { label: `inference ${index}`, stream: 0, inputs: makeAll(makers, alternative), expected: new Map() };
    });
    const made = assembleRequest(steps, signature);
    bytes += dataBytes(made);
    return made;
  };
  const pools = alternatives.map((alternative) => ({ alternative, made: [make(alternative)], uses: 0 }));
  const cycle = weightedCycle(
    alternatives.map(({ weight }) => weight),
    madePerShape,
  );
  return cycle.flatMap((which) => {
    const pool = pools[which];
    if (pool === undefined) return [];
    const { alternative, made } = pool;
    const use = pool.uses++;
    if (use === made.length && use < madePerShape && bytes < limitBytes) made.push(make(alternative));
    return made[use % made.length] ?? [];
  });
}

// ------------------------------------------------------------------------------------- data that is given

function givenRequests(
  options: PrepareOptions,
  makers: Makers,
  alternatives: readonly ShapeAlternative[],
): PreparedRequest[] {
  const { data, signature, batchSize } = options;
  const [alternative] = alternatives;
  if (alternative === undefined || alternatives.length > 1) {
    throw new PerfError('usage', 'Cannot mix shapes with data files: expected one --shape for an input, got several', {
      hint: 'Steps of a data file may have shapes of their own.',
    });
  }
  const { foreign = new Set() } = options;
  const reading = { signature, flagDims: alternative.dims, generated: new Set(makers.keys()), foreign };
  const read =
    data.source === 'folder'
      ? data.paths.map((path) => readDataFolder(path, reading))
      : readDataFiles(data.paths, reading);
  const steps = read.map(
    (step): Step => ({ ...step, inputs: new Map([...step.inputs, ...makeAll(makers, alternative)]) }),
  );
  checkSize(steps, options);
  const count = steps.length / greatestCommonDivisor(steps.length, batchSize);
  return Array.from({ length: count }, (_, request) => {
    const batch = Array.from({ length: batchSize }, (_, index) => steps[(request * batchSize + index) % steps.length]);
    return assembleRequest(
      batch.filter((step) => step !== undefined),
      signature,
    );
  });
}

/** Of a batch, each step goes into as many requests as the steps and the batch size demand. */
function checkSize(steps: readonly Step[], { batchSize, data }: PrepareOptions): void {
  const stepBytes = steps.reduce(
    (sum, { inputs }) => sum + [...inputs.values()].reduce((size, tensor) => size + tensor.data.length, 0),
    0,
  );
  const bytes = (stepBytes * batchSize) / greatestCommonDivisor(steps.length, batchSize);
  if (bytes <= givenLimitBytes) return;
  throw new PerfError(
    'file',
    `Cannot use --input-data ${data.paths.join(', ')} with batch size ${batchSize}: expected requests of at most ${givenLimitBytes} bytes together, got ${bytes}`,
    { hint: 'Use fewer steps, or a batch size that divides their number.' },
  );
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
